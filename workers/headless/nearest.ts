/** Names that somebody may have meant. */

/** Letters to put in, leave out, replace or swap with their neighbour to make one word of the other (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      rows[i]![j] = Math.min(
        replaced,
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        swapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
  return rows[a.length]![b.length]!;
}

/** At most three of `names`, the nearest first: those that differ in a third of their letters at most, or begin as `word` does. */
export function nearest(word: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, far: distance(word.toLowerCase(), name) }))
    .filter(({ name, far }) => far <= Math.max(1, name.length / 3) || (word.length > 2 && name.startsWith(word)))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `Did you mean "train" or "trail"?`, and nothing where no name is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names).map((name) => `"${name}"`);
  if (near.length === 0) return "";
  const before = near.slice(0, -1).join(", ");
  return `Did you mean ${before ? `${before} or ` : ""}${near.at(-1)}?`;
}
