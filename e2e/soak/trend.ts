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
  /** Of the values. */
  median: number;
  /** What a line through them rises by from the first step to the last; and the least and the most that it may be, at 95 %. */
  growth: number;
  least: number;
  most: number;
}

/** Bytes that a page may keep of each step: its figures, and where they are drawn. */
const PER_STEP = 8192;
/** Of the median: where growth can only be told from none when it is larger than that, nothing is shown. */
const MOST_SHARE = 0.05;
/** Of the median: what resident bytes may rise by. */
const RESIDENT_SHARE = 0.1;
/** Of a normal distribution, for 95 %. */
const Z = 1.96;

const medianOf = (sorted: readonly number[]): number =>
  (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/**
 * The line of Theil and Sen: the median of the slopes between all pairs, which spikes and sweeps do not move; its bounds are the slopes whose
 * ranks Sen (JASA 63, 1968) gives. Neighbours are alike (a heap grows until it is swept): the ranks are set as far apart as if only
 * n (1 - r) / (1 + r) samples were independent, r being the correlation of one rank of a residual with the next.
 */
export function trendOf(samples: readonly Sample[]): Trend {
  const n = samples.length;
  if (n < 8) throw new Error(`${n} samples show no trend.`);
  const slopes: number[] = [];
  samples.forEach((a, i) => {
    for (const b of samples.slice(i + 1)) if (b.step > a.step) slopes.push((b.value - a.value) / (b.step - a.step));
  });
  const sorted = ascending(slopes);
  const slope = medianOf(sorted);
  const alike = correlation(ranks(samples.map(({ step, value }) => value - slope * step)));
  const apart = Z * Math.sqrt((((n * (n - 1) * (2 * n + 5)) / 18) * (1 + alike)) / (1 - alike));
  const at = (rank: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))]!;
  const [from, to] = [samples[0]!.step, samples.at(-1)!.step];
  const over = to - from;
  return {
    ...{ samples: n, from, to, median: medianOf(ascending(samples.map(({ value }) => value))) },
    growth: slope * over,
    least: at((sorted.length - apart) / 2) * over,
    most: at((sorted.length + apart) / 2) * over,
  };
}

function ranks(values: readonly number[]): number[] {
  const found: number[] = [];
  [...values.keys()]
    .sort((a, b) => values[a]! - values[b]!)
    .forEach((index, rank) => {
      found[index] = rank;
    });
  return found;
}

/** Of each value with the next, 0 to 0.95. */
function correlation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const left = values.map((value) => value - mean);
  const squares = left.reduce((sum, e) => sum + e * e, 0);
  const products = left.slice(1).reduce((sum, e, i) => sum + e * left[i]!, 0);
  return Math.min(0.95, Math.max(0, products / squares));
}

/** That growth is small beside the whole, and what a page keeps of its steps. */
export const staysWithin = ({ growth, median, from, to }: Trend, share = RESIDENT_SHARE): boolean =>
  growth <= share * median + PER_STEP * (to - from);

/** That it does not grow: what is sure of its growth is no more than a page keeps of its steps, and growth that mattered would have been seen. */
export const isLevel = (trend: Trend): boolean =>
  trend.least <= PER_STEP * (trend.to - trend.from) && staysWithin(trend, MOST_SHARE);
