/** Names that somebody may have meant. */
import { letterDistance } from "../letter-distance.ts";

/** At most three of `names`, the nearest first: those that differ in a third of their letters at most, or begin as `word` does. */
export function nearest(word: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, far: letterDistance(word.toLowerCase(), name) }))
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
