/** The page's chat: a conversation in, text as it comes. */
import { createChat } from "../chat/generate.ts";
import { TabTuneError } from "../errors.ts";
import { featuresPerTile } from "../model/config.ts";
import { positionsOf } from "../model/load.ts";
import { BASELINE_BINDING_BYTES } from "../model/weights.ts";
import type { ChatEvent, ChatRequest, ChatResult } from "../protocol.ts";
import { chatPrompt } from "./chat-prompt.ts";
import type { OpenedModel } from "./loaded-model.ts";
import { preparationOf } from "./preparation.ts";
import { livingModel, type Session, towerOf } from "./session.ts";

/** Tokens of a conversation: at least so many, and so many beside the largest picture that the model takes. */
const CHAT_ROWS = 2048;
const WORDS_BESIDE_PICTURE = 1024;
const CHAT_PICTURES = 4;
/** What a conversation on this model has room for. */
export function chatRoom({ config, tilesPerPicture }: Pick<OpenedModel, "config" | "tilesPerPicture">): {
  contextRows: number;
  tiles: number;
} {
  const perTile = featuresPerTile(config);
  // LLaVA-NeXT ends each row of patches with a newline token.
  const picture = tilesPerPicture * (perTile + Math.ceil(Math.sqrt(perTile)));
  const bindable = Math.floor(BASELINE_BINDING_BYTES / (4 * perTile * config.text.hiddenSize)) - 1;
  return {
    contextRows: Math.min(positionsOf(config.text), Math.max(CHAT_ROWS, picture + WORDS_BESIDE_PICTURE)),
    tiles: Math.max(tilesPerPicture, Math.min(CHAT_PICTURES * tilesPerPicture, bindable)),
  };
}

/** One answer of the model, streamed. */
export async function answer(s: Session, request: ChatRequest, onEvent: (e: ChatEvent) => void): Promise<ChatResult> {
  const current = await livingModel(s);
  if (s.control && !s.control.pause) {
    throw new TabTuneError("bad-argument", "The model is training.", "Pause the training to chat.");
  }
  s.chat ??= await createChat(current.llava, s.live?.adapter, {
    ...chatRoom(current),
    normalise: current.normalise,
    makeTower: towerOf(s),
  });
  const preparation = preparationOf(current.preparation);
  const { tokenizer } = preparation;
  const prompt = await chatPrompt(request.turns, preparation);
  s.stopChat = false;
  const started = performance.now();
  const ids: number[] = [];
  const text = (): string => tokenizer.decode(ids).trimStart();
  const { stopped } = await s.chat.generate(prompt, request.useAdapter && s.live !== undefined, {
    maxNewTokens: request.maxNewTokens,
    eosIds: current.eosIds,
    temperature: request.temperature,
    topP: request.topP,
    seed: request.seed,
    onPrefill: (tokens) => onEvent({ type: "prefill", tokens }),
    onToken: (id) => {
      ids.push(id);
      // A character of several byte tokens is held back until it is whole.
      const words = text();
      if (!words.endsWith("\uFFFD")) onEvent({ type: "text", text: words });
      return s.stopChat;
    },
  });
  return { text: text(), tokens: ids.length, seconds: (performance.now() - started) / 1000, stopped };
}
