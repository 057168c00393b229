/** From logits to the next token: greedy, or temperature and nucleus (top-p) sampling as transformers' TopPLogitsWarper cuts it. */

export interface SamplingOptions {
  /** 0 is greedy. */
  temperature: number;
  /** Smallest set of tokens whose probabilities reach this sum; 1 keeps all. */
  topP: number;
}

/** Index of the largest value; the lowest index wins a tie, as torch.argmax does on CPU. */
export function argmax(logits: Float32Array, vocab: number): number {
  let best = 0;
  for (let i = 1; i < vocab; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** `random` gives uniform numbers in [0, 1). Throws when no logit is finite. */
export function sampleToken(
  logits: Float32Array,
  vocab: number,
  options: SamplingOptions,
  random: () => number,
): number {
  const top = argmax(logits, vocab);
  if (!Number.isFinite(logits[top])) throw new Error(`the largest logit is ${logits[top]}`);
  if (options.temperature <= 0) return top;
  const weights = new Float64Array(vocab);
  let total = 0;
  for (let i = 0; i < vocab; i++) {
    weights[i] = Math.exp((logits[i]! - logits[top]!) / options.temperature);
    total += weights[i]!;
  }
  const order = Array.from({ length: vocab }, (_, i) => i).sort((a, b) => weights[b]! - weights[a]! || a - b);
  let kept = 0;
  let count = 0;
  while (count < vocab && (count === 0 || kept < options.topP * total)) kept += weights[order[count++]!]!;
  let rest = random() * kept;
  for (let i = 0; i < count; i++) {
    rest -= weights[order[i]!]!;
    if (rest < 0) return order[i]!;
  }
  return order[count - 1]!;
}

/** mulberry32: the same seed says the same sentence again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
