/** Middles of numbers. */

/** Of at least one value. */
export const meanOf = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Of at least one value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** F1 of `common` things that two lists share: the harmonic mean of its shares of `given` and of `right`. 0 where none is shared. */
export function f1Of(common: number, given: number, right: number): number {
  if (common === 0) return 0;
  const precision = common / given;
  const recall = common / right;
  return (2 * precision * recall) / (precision + recall);
}
