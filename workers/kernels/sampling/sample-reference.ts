import { mulHigh, philox, Stream } from "../../random/philox.ts";
import { type SamplingOptions, samplingWords } from "./sample.ts";

/** 2^31 * 2^-(distance / 2^19), in the fixed point that `sample` computes in. */
export function weightOf(distance: number): number {
  const halvings = Math.floor(distance / 2 ** 19);
  if (halvings > 31) return 0;
  const f = (distance << 13) >>> 0;
  const coefficients = [19794886, 118784456, 515800015, 1488517413, 2147483648];
  return Math.floor(coefficients.reduce((y, c) => c - mulHigh(y, f), 2034856) / 2 ** halvings);
}

/** floor(sum * share / 2^32) */
const part = (sum: number, share: number): number => Number((BigInt(sum) * BigInt(share)) >> 32n);

/** Tokens that may be drawn, in order of index, each with its weight. Sums of weights are below 2^53: exact. */
export function nucleus(
  logits: Float32Array,
  top: number,
  options: Pick<SamplingOptions, "temperature" | "topP" | "topK">,
): { token: number; weight: number }[] {
  const { scale, far, share } = samplingWords(options);
  const tokens = [...logits].map((logit, token) => {
    const distance = Math.floor(Math.fround(Math.min(Math.fround(logits[top]! / 2 - logit / 2), far) * scale));
    return { token, distance, weight: weightOf(distance) };
  });
  const { topK = 0 } = options;
  const distances = tokens.map(({ distance }) => distance).sort((a, b) => a - b);
  const last = topK > 0 ? (distances[topK - 1] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const all = tokens.filter(({ weight, distance }) => weight > 0 && distance <= last);
  if (share === 2 ** 32 - 1) return all;
  const goal = part(
    all.reduce((sum, { weight }) => sum + weight, 0),
    share,
  );
  // The sort is stable: the lower index first among equals.
  all.sort((a, b) => a.distance - b.distance);
  let sum = 0;
  let count = 0;
  while (count === 0 || sum < goal) sum += all[count++]!.weight;
  return all.slice(0, count).sort((a, b) => a.token - b.token);
}

/** The token that `sample` chooses for a row of logits. */
export function sampleReference(logits: Float32Array, position: number, options: SamplingOptions): number {
  const nan = logits.findIndex((v) => Number.isNaN(v));
  const top = nan >= 0 ? nan : logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
  if (options.temperature <= 0) return top;
  const kept = nucleus(logits, top, options);
  const [draw] = philox([position, 0, 0, 0], [options.seed, Stream.sampling]);
  let rest = part(
    kept.reduce((sum, { weight }) => sum + weight, 0),
    draw,
  );
  for (const { token, weight } of kept) {
    rest -= weight;
    if (rest < 0) return token;
  }
  throw new Error("the nucleus is empty");
}
