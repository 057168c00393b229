/** Things that are counted in many places. */
import { counter } from "../plural.ts";

export const counted = counter("en");

export const rows = (n: number): string => counted(n, { one: "row", other: "rows" });
export const steps = (n: number): string => counted(n, { one: "step", other: "steps" });
export const runs = (n: number): string => counted(n, { one: "run", other: "runs" });
export const pictures = (n: number): string => counted(n, { one: "picture", other: "pictures" });
