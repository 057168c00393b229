/** Counts as people say them. */

/** "1 file", "3 files"; `many` where an s is not enough. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** "1,234". */
export const shown = (n: number): string => n.toLocaleString("en-US");

/** The first names of a list, and how many more there are: "a, b and 4 more". */
export function listed(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
