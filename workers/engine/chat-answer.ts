/** The page's chat: a conversation in, text as it comes. */

import type { AdapterChoice, ChatEvent, ChatRequest, ChatResult } from "../chat/conversation.ts";
import { type Chat, createChat, type Generated } from "../chat/generate.ts";
import { chatPrompt } from "../chat/prompt.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import { TabTuneError } from "../errors.ts";
import type { VlmConfig } from "../models/config.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { BASELINE_BINDING_BYTES } from "../models/parts/head-weights.ts";
import { preparationOf } from "../models/preparation.ts";
import { isOnModel, putOn } from "./put-on.ts";
import { livingModel } from "./standing-model.ts";
import type { EngineState } from "./state.ts";
import { endAnswer, inTurn } from "./turns.ts";

/** Tokens of a conversation: at least so many, and so many beside the largest picture that the model takes. */
const CHAT_ROWS = 2048;
const WORDS_BESIDE_PICTURE = 1024;
const CHAT_PICTURES = 4;
/** What a conversation on this model has room for. */
export function chatRoom({
  config,
  pictures,
}: {
  config: VlmConfig;
  pictures: Pick<PictureFormat, "mostTiles" | "mostSlots">;
}): {
  contextRows: number;
  tiles: number;
} {
  const perTile = featuresPerTile(config);
  const { mostTiles, mostSlots } = pictures;
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
  const { current, chat } = await openChat(s, adapter);
  const changeSeconds = changes ? (performance.now() - opening) / 1000 : 0;
  const preparation = preparationOf(current.preparation);
  const { tokenizer } = preparation;
  const withAdapter = adapter !== undefined;
  const prompt = await chatPrompt(request.turns, preparation, { begun, system, asTrained: withAdapter });
  const started = performance.now();
  const ids = [...begun];
  const text = (): string => (ids.length > 0 ? tokenizer.decode(ids).trimStart() : "");
  const result = ({ stopped }: Pick<Generated, "stopped">): ChatResult => ({
    text: text(),
    ids,
    tokens: ids.length - begun.length,
    seconds: (performance.now() - started) / 1000,
    changeSeconds,
    stopped,
  });
  if (asked.stopped) return async () => result({ stopped: "user" });
  const generated = chat.generate(prompt, withAdapter, {
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
      return asked.stopped;
    },
  });
  speak(s, generated, () => {
    asked.stopped = true;
  });
  return async () => result(await generated);
}
