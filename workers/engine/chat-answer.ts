/** The page's chat: a conversation in, text as it comes. */
import { createChat } from "../chat/generate.ts";
import { seededRandom } from "../chat/sampling.ts";
import { TabTuneError } from "../errors.ts";
import type { ChatEvent, ChatRequest, ChatResult } from "../protocol.ts";
import { chatPrompt } from "./chat-prompt.ts";
import { preparationOf } from "./preparation.ts";
import { livingModel, type Session, towerOf } from "./session.ts";

/** Tokens and pictures of a conversation. */
const CHAT_ROWS = 2048;
const CHAT_PICTURES = 4;

/** One answer of the model, streamed. */
export async function answer(s: Session, request: ChatRequest, onEvent: (e: ChatEvent) => void): Promise<ChatResult> {
  const current = await livingModel(s);
  if (s.control && !s.control.pause) {
    throw new TabTuneError("bad-argument", "The model is training.", "Pause the training to chat.");
  }
  s.chat ??= await createChat(current.llava, s.live?.adapter, {
    contextRows: Math.min(CHAT_ROWS, current.config.text.maxPositions),
    tiles: CHAT_PICTURES * current.tilesPerPicture,
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
    random: seededRandom(request.seed),
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
