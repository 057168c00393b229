/** Things that are counted in many places. */
import { counter } from "../plural.ts";

export const counted = counter("en");

export const rows = (n: number): string => counted(n, { one: "row", other: "rows" });
export const steps = (n: number): string => counted(n, { one: "step", other: "steps" });
export const runs = (n: number): string => counted(n, { one: "run", other: "runs" });
export const pictures = (n: number): string => counted(n, { one: "picture", other: "pictures" });

/** The first names of a list, and how many more there are: "a, b and 4 more". */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
