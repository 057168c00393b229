/** The page's chat: a conversation in, text as it comes. */

import type { AdapterChoice, ChatEvent, ChatRequest, ChatResult } from "../chat/conversation.ts";
import { type Chat, type ChatRoom, createChat, type Generated } from "../chat/generate.ts";
import { chatPrompt } from "../chat/prompt.ts";
import { tilesOf } from "../data/example.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import { reportOf, TabTuneError } from "../errors.ts";
import type { VlmConfig } from "../models/config.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { BASELINE_BINDING_BYTES } from "../models/parts/head-weights.ts";
import { preparationOf } from "../models/preparation.ts";
import { counted } from "../words.ts";
import { isOnModel, putOn } from "./put-on.ts";
import { livingModel } from "./standing-model.ts";
import type { EngineState } from "./state.ts";
import { closeChat, endAnswer, inTurn } from "./turns.ts";

/** Tokens of a conversation: at least so many, and so many beside the largest picture that the model takes. */
const CHAT_ROWS = 2048;
const WORDS_BESIDE_PICTURE = 1024;
const CHAT_PICTURES = 4;
/** What a conversation on this model has room for at first. */
export function chatRoom({
  config,
  pictures,
}: {
  config: VlmConfig;
  pictures: Pick<PictureFormat, "mostTiles" | "mostSlots">;
}): ChatRoom {
  const perTile = featuresPerTile(config);
  // A picture at free size may be far larger than those that people show: the chat grows with the first that is.
  const first = config.tower.freeSize ? CHAT_ROWS - WORDS_BESIDE_PICTURE : Number.POSITIVE_INFINITY;
  const [mostTiles, mostSlots] = [Math.min(pictures.mostTiles, first), Math.min(pictures.mostSlots, first)];
  const bindable = Math.floor(BASELINE_BINDING_BYTES / (4 * perTile * config.decoder.hiddenSize)) - 1;
  return {
    contextRows: Math.min(positionsOf(config.decoder), Math.max(CHAT_ROWS, mostSlots + WORDS_BESIDE_PICTURE)),
    tiles: Math.max(mostTiles, Math.min(CHAT_PICTURES * mostTiles, bindable)),
  };
}

/** What is asked of the model, and can be stopped until its whole answer is there. `begin` resolves to what waits for that. */
export async function asking<T>(
  s: EngineState,
  begin: (asked: { stopped: boolean }) => Promise<() => Promise<T>>,
): Promise<T> {
  const asked = { stopped: false };
  s.asked.add(asked);
  try {
    // Only the beginning needs a turn: whoever changes the model while words come ends them (turns.ts).
    const { result } = await inTurn(s, async () => ({ result: await begin(asked) }));
    return await result();
  } finally {
    s.asked.delete(asked);
  }
}

/** One answer of the model, streamed. One that is still being written ends first. */
export const answer = (s: EngineState, request: ChatRequest, onEvent: (e: ChatEvent) => void): Promise<ChatResult> =>
  asking(s, (asked) => begin(s, request, asked, onEvent));

/**
 * The model and its chat, for an answer that comes next: the one before has ended, and `adapter`, where one is asked for, is on the model.
 * In turn. Throws "bad-argument" while a run trains.
 */
export async function openChat(s: EngineState, adapter?: AdapterChoice): Promise<{ current: LoadedModel; chat: Chat }> {
  await endAnswer(s);
  if (s.runningId && !s.paused) {
    throw new TabTuneError("bad-argument", "The model is training.", "Pause the training to chat.");
  }
  if (adapter) await putOn(s, adapter);
  const current = await livingModel(s);
  s.chat ??= await createChat(current.vlm, s.live?.adapter, chatRoom(current));
  return { current, chat: s.chat };
}

/** A larger chat has whole blocks of tokens, and half as many again at least: a conversation that goes on is not built anew each time. */
const BLOCK = 256;
const GROWTH = 1.5;
/** Tokens of an answer that a chat has room for from its beginning, where so many are wanted. */
const ANSWER_ROWS = 256;

/**
 * The chat, or, where a prompt does not fit in it, a larger one in its place. In turn. Throws "row-too-long" where the model has no position
 * for an answer or the GPU does not bind so many tiles, and "out-of-memory" where it has no room for the larger one.
 */
async function withRoom(
  s: EngineState,
  current: LoadedModel,
  chat: Chat,
  { tokens, tiles, answer }: { tokens: number; tiles: number; answer: number },
): Promise<Chat> {
  const { config, vlm } = current;
  const positions = positionsOf(config.decoder);
  const tileBytes = 4 * featuresPerTile(config) * config.decoder.hiddenSize;
  const mostTiles = Math.floor(vlm.gpu.facts.maxStorageBufferBindingSize / tileBytes) - 1;
  const rows = Math.min(positions, tokens + Math.min(answer, ANSWER_ROWS));
  const { room } = chat;
  if (tokens >= positions || tiles > mostTiles) {
    const has =
      tokens >= positions
        ? `${tokens} tokens; the model takes ${positions} with the answer`
        : `${tiles} picture tiles; ${mostTiles} fit on this GPU`;
    throw new TabTuneError(
      "row-too-long",
      `The conversation has ${has}.`,
      "Start a new conversation, or show fewer pictures.",
    );
  }
  if (rows <= room.contextRows && tiles <= room.tiles) return chat;
  const grown = Math.ceil(Math.max(rows, GROWTH * room.contextRows) / BLOCK) * BLOCK;
  const larger: ChatRoom = {
    contextRows: rows > room.contextRows ? Math.min(grown, positions) : room.contextRows,
    tiles: Math.max(tiles, room.tiles),
  };
  await closeChat(s);
  try {
    s.chat = await createChat(vlm, s.live?.adapter, larger);
    return s.chat;
  } catch (cause) {
    if (reportOf(cause).code !== "out-of-memory") throw cause;
    throw new TabTuneError(
      "out-of-memory",
      `The GPU has no room for a conversation of ${tokens} tokens and ${counted(tiles, "picture tile")}.`,
      "Start a new conversation with fewer pictures, or close other programs that use the GPU.",
      "",
      { cause },
    );
  }
}

/** The chat is at `work` until that ends, which `stop` asks for. */
export function speak(s: EngineState, work: Promise<unknown>, stop: () => void): void {
  const ended = (): void => {
    if (s.speaking === speaking) s.speaking = undefined;
  };
  const speaking = { stop, done: work.then(ended, ended) };
  s.speaking = speaking;
}

/** Opens the chat and begins to write; what is returned waits for the end. */
async function begin(
  s: EngineState,
  request: ChatRequest,
  asked: { stopped: boolean },
  onEvent: (e: ChatEvent) => void,
): Promise<() => Promise<ChatResult>> {
  const { begun = [], system, adapter } = request;
  const opening = performance.now();
  const changes = adapter !== undefined && !isOnModel(s, adapter);
  const { current, chat: opened } = await openChat(s, adapter);
  const changeSeconds = changes ? (performance.now() - opening) / 1000 : 0;
  const preparation = preparationOf(current.preparation);
  const { tokenizer } = preparation;
  const withAdapter = adapter !== undefined;
  const prompt = await chatPrompt(request.turns, preparation, { begun, system, asTrained: withAdapter });
  const size = { tokens: prompt.inputIds.length, tiles: tilesOf(prompt), answer: request.maxNewTokens };
  const chat = await withRoom(s, current, opened, size);
  const mayGrow = chat.room.contextRows < positionsOf(current.config.decoder);
  const started = performance.now();
  const ids = [...begun];
  const text = (): string => (ids.length > 0 ? tokenizer.decode(ids).trimStart() : "");
  const result = ({ stopped }: Pick<Generated, "stopped">): ChatResult => ({
    text: text(),
    ids,
    tokens: ids.length - begun.length,
    seconds: (performance.now() - started) / 1000,
    changeSeconds,
    // An answer that filled this chat goes on in a larger one.
    stopped: stopped === "full" && mayGrow ? "length" : stopped,
  });
  if (asked.stopped) return async () => result({ stopped: "user" });
  const generated = chat.generate(prompt, withAdapter, {
    maxNewTokens: request.maxNewTokens,
    eosIds: current.eosIds,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    seed: request.seed,
    onPrefill: (tokens) => onEvent({ type: "prefill", tokens }),
    onToken: (id) => {
      ids.push(id);
      // A character of several byte tokens is held back until it is whole.
      const words = text();
      if (!words.endsWith("\uFFFD")) onEvent({ type: "text", text: words });
      return asked.stopped;
    },
  });
  speak(s, generated, () => {
    asked.stopped = true;
  });
  return async () => result(await generated);
}
