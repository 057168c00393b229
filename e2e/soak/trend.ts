/** Whether something grows as a run goes on, and how sure that is. */

export interface Sample {
  step: number;
  value: number;
}

export interface Trend {
  samples: number;
  /** The first and the last step of the samples. */
  from: number;
  to: number;
  mean: number;
  /** What the fitted line rises by from the first step to the last. */
  growth: number;
  /** Twice the standard error of `growth`. */
  noise: number;
}

/** What a page may keep of each step for its curve and its table. */
export const PER_STEP = 2048;
/** Of the mean: a noise so large that such a growth would hide in it shows nothing. */
const MOST_SHARE = 0.05;

/**
 * The least-squares line through samples of bytes. Neighbours are alike (a heap grows until it is swept), so the standard error counts
 * n (1 - r) / (1 + r) samples, r being the correlation of one residual with the next.
 */
export function trendOf(samples: readonly Sample[]): Trend {
  const n = samples.length;
  if (n < 3) throw new Error(`${n} samples show no trend.`);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [x, y] = [mean(samples.map(({ step }) => step)), mean(samples.map(({ value }) => value))];
  const spread = samples.reduce((sum, { step }) => sum + (step - x) ** 2, 0);
  const slope = samples.reduce((sum, { step, value }) => sum + (step - x) * (value - y), 0) / spread;
  const left = samples.map(({ step, value }) => value - y - slope * (step - x));
  const squares = left.reduce((sum, e) => sum + e * e, 0);
  const products = left.slice(1).reduce((sum, e, i) => sum + e * left[i]!, 0);
  const alike = squares === 0 ? 0 : Math.min(0.99, Math.max(0, products / squares));
  const error = Math.sqrt(((squares / (n - 2) / spread) * (1 + alike)) / (1 - alike));
  const [from, to] = [samples[0]!.step, samples.at(-1)!.step];
  return { samples: n, from, to, mean: y, growth: slope * (to - from), noise: 2 * error * (to - from) };
}

/** That it does not grow: what noise does not explain is no more than a page keeps of its steps, and is no share of the whole worth naming. */
export const isLevel = ({ growth, noise, mean, from, to }: Trend): boolean =>
  growth - noise <= PER_STEP * (to - from) && growth <= MOST_SHARE * mean + PER_STEP * (to - from);
