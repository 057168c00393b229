/** The smoothed curve of a loss. */

/**
 * Debiased exponential moving average, TensorBoard's rule: weight 0 is the raw curve, 0.99 very smooth. A value that is not
 * finite has no part in the average and stays itself, so that it shows.
 */
export function emaSmooth(values: readonly number[], weight: number): number[] {
  let average = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = average * weight + (1 - weight) * value;
    seen += 1;
    return average / (1 - weight ** seen);
  });
}
