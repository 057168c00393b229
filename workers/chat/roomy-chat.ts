/** A chat that grows with what it is asked: rows come one by one, and the largest is not known before. */
import { TabTuneError } from "../errors.ts";
import type { Adapter } from "../models/adapter.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { Vlm } from "../models/vlm.ts";
import { type Chat, type ChatSettings, createChat } from "./generate.ts";

/** It grows by half at least, so that slowly rising lengths do not build it anew each time; rows in whole blocks. */
const GROWTH = 1.5;
const BLOCK = 256;

export interface RoomyChat {
  /**
   * A chat with room for a prompt of so many tokens and tiles, and for `answer` tokens behind it as far as the model has positions. The one
   * before is gone where it was too small. Throws TabTuneErrors "row-too-long" where the prompt leaves no position for an answer or
   * has more tiles than the GPU binds, and "out-of-memory" as `createChat`.
   */
  withRoom(tokens: number, tiles: number, answer: number): Promise<Chat>;
  dispose(): Promise<void>;
}

/** @param open makes a chat; by default `createChat` of the model and the adapter */
export function roomyChat(
  model: Vlm,
  adapter: Adapter | undefined,
  open: (settings: ChatSettings) => Promise<Chat> = (settings) => createChat(model, adapter, settings),
): RoomyChat {
  const positions = positionsOf(model.config.decoder);
  const tileBytes = 4 * featuresPerTile(model.config) * model.config.decoder.hiddenSize;
  const mostTiles = Math.max(1, Math.floor(model.gpu.facts.maxStorageBufferBindingSize / tileBytes));
  const room = { contextRows: 0, tiles: 0 };
  let chat: Chat | undefined;
  const dispose = async (): Promise<void> => {
    const old = chat;
    chat = undefined;
    await old?.dispose();
  };
  return {
    async withRoom(tokens, tiles, answer) {
      if (tokens >= positions) {
        throw new TabTuneError(
          "row-too-long",
          `The question has ${tokens} tokens, and the model takes ${positions} with the answer.`,
          "Shorten it, or show fewer pictures.",
        );
      }
      if (tiles > mostTiles) {
        throw new TabTuneError(
          "row-too-long",
          `The question has ${tiles} picture tiles, and ${mostTiles} fit on this GPU.`,
          "Show fewer or smaller pictures.",
        );
      }
      const rows = Math.min(tokens + answer, positions);
      if (chat && rows <= room.contextRows && tiles <= room.tiles) return chat;
      await dispose();
      if (rows > room.contextRows) {
        const grown = Math.max(rows, room.contextRows * GROWTH);
        room.contextRows = Math.min(Math.ceil(grown / BLOCK) * BLOCK, positions);
      }
      room.tiles = Math.max(room.tiles, tiles, 1);
      chat = await open(room);
      return chat;
    },
    dispose,
  };
}
