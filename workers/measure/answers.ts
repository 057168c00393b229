/** Answers of a model of random weights, by the chat's own code. */
import { createChat } from "../chat/generate.ts";
import type { Adapter } from "../models/adapter.ts";
import type { Vlm } from "../models/vlm.ts";
import { type Context, roomFor } from "./parts.ts";
import { type Model, spreadOf } from "./report.ts";
import type { ModelCase } from "./sizes.ts";
import { byteShare } from "./timing.ts";

const ANSWERS = 3;
const PROMPT = Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 300 + i));

/** Fills `model.decoding`: answers by temperature, as the page's chat gives them: one to warm up, then `ANSWERS`. */
export async function measureAnswers(
  c: Context,
  m: ModelCase,
  model: Model,
  vlm: Vlm,
  adapter: Adapter,
): Promise<void> {
  const settings = { contextRows: PROMPT.length + m.answer, tiles: 1 };
  const chat = await roomFor(() => createChat(vlm, adapter, settings));
  try {
    const prompt = { inputIds: PROMPT, images: [], pixels: new Uint8Array(0) };
    const times: number[] = [];
    let before = { ...vlm.counters };
    for (let n = 0; n <= ANSWERS; n++) {
      c.check();
      if (n === 1) before = { ...vlm.counters };
      let started = performance.now();
      const onPrefill = (): void => {
        started = performance.now();
      };
      const options = { maxNewTokens: m.answer, eosIds: [], temperature: 0.7, topP: 0.95, seed: 1, onPrefill };
      await chat.generate(prompt, true, options);
      // The first token is the prompt's.
      if (n > 0) times.push((performance.now() - started) / (m.answer - 1));
    }
    const time = spreadOf(times);
    const each = (key: "dispatches" | "submits"): number => (vlm.counters[key] - before[key]) / ANSWERS / m.answer;
    model.decoding = {
      tokens: m.answer,
      time,
      tokensPerSecond: 1000 / time.median,
      share: byteShare(c.found, bytesOfToken(vlm), time.median),
      dispatchesPerToken: each("dispatches"),
      submitsPerToken: each("submits"),
    };
    c.say(`${m.name}: ${model.decoding.tokensPerSecond.toPrecision(3)} tokens/s decoded`);
  } finally {
    await chat.dispose();
  }
}

/** Weights of the language model and its head: a new token reads each once. */
function bytesOfToken({ weights }: Vlm): number {
  const of = (w: { codes: { length: number }; absmax: { length: number } } | { data: { length: number } }): number =>
    4 * ("codes" in w ? w.codes.length + w.absmax.length : w.data.length);
  const layers = weights.layers.flatMap(({ linears }) => Object.values(linears).map(({ weight }) => weight));
  return [...layers, ...weights.head.parts].reduce((sum, w) => sum + of(w), 0);
}
