/** Looking at values of JSON, CSV and Parquet that nobody has vetted. */
import { isJsonObject } from "../../json.ts";
import { isEmbedded } from "./picture-source.ts";
import { RowProblem } from "./problem.ts";

/** An own property; never one of Object.prototype. */
export function own(record: object, name: string): unknown {
  return Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && !(value instanceof Uint8Array);
}

/** What things are looked up by: the text of a string or a number, undefined for all else. An object may have a `toString` of its own. */
export function keyText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
    ? String(value)
    : undefined;
}

/** A value as JSON, for people to read; whole numbers of 64 bits as numbers, pictures by their path. "" for undefined. */
export function jsonText(value: unknown): string {
  const shown = (_: string, item: unknown) =>
    typeof item === "bigint" ? Number(item) : isEmbedded(item) ? { path: item.path } : item;
  return JSON.stringify(value, shown) ?? "";
}

/** A text cell: a string, a number or a boolean as one. Throws a RowProblem "bad-row" for anything else. */
export function textOf(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean" || Number.isFinite(value))
    return written(value as number);
  throw new RowProblem("bad-row", `${what} is not a text.`);
}

/** A number as text. One of single precision (Parquet's FLOAT) comes with digits that nobody wrote: the shortest text that means it. */
function written(value: number | bigint | boolean): string {
  const text = String(value);
  if (typeof value !== "number" || text.length < 11 || Math.fround(value) !== value) return text;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return text;
}
