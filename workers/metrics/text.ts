/** Text as Python's str sees it: its white space and its word characters are not JavaScript's. */

/** What str.split() splits at: \s without U+FEFF, with the information separators and the next line. */
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const SPACES = new RegExp(SPACE, "g");
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** A word character of Python's `re`, as a class inside of brackets; needs the flag `u`. */
export const WORD = "\\p{L}\\p{N}_";

/** str.split(): words between white space, none of them empty. */
export const wordsIn = (text: string): string[] => text.split(SPACES).filter((word) => word !== "");

/** str.strip() */
export const stripped = (text: string): string => text.replace(ENDS, "");

/** How often each item occurs. */
export function countsOf<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
