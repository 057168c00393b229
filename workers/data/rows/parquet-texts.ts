/** Dates, times and decimals of Parquet as the texts that they stand for: the numbers behind them are no answers. */
import type { ParquetParsers, SchemaTree } from "hyparquet";

/** "2020-01-31 12:30:00", with the parts of a second that are not zero, as Python writes it. Years beyond four digits stay numbers. */
function momentText(nanos: bigint): string | bigint {
  const [second, rest] = [nanos / 1_000_000_000n, nanos % 1_000_000_000n];
  const [whole, part] = rest < 0n ? [second - 1n, rest + 1_000_000_000n] : [second, rest];
  const date = new Date(Number(whole) * 1000);
  if (!(Math.abs(date.getTime()) < 8e15) || date.toISOString().length !== 24) return nanos;
  const [day, time] = [date.toISOString().slice(0, 10), date.toISOString().slice(11, 19)];
  const digits = String(part).padStart(9, "0").replace(/000$/, "");
  return `${day} ${time}${part === 0n ? "" : `.${digits}`}`;
}

const dayText = (days: number): string | number => {
  const date = new Date(days * 86_400_000);
  return Number.isFinite(date.getTime()) ? date.toISOString().slice(0, -14) : days;
};

/** For hyparquet. */
export const TEXT_PARSERS: Partial<ParquetParsers> = {
  dateFromDays: dayText,
  timestampFromMilliseconds: (millis) => momentText(millis * 1_000_000n),
  timestampFromMicroseconds: (micros) => momentText(micros * 1000n),
  timestampFromNanoseconds: momentText,
};

/** Digits behind the point of a decimal column, lists looked through; undefined for every other column. */
export function scaleOf({ element, children }: SchemaTree): number | undefined {
  const isList = children.length === 1 && (element.converted_type === "LIST" || element.repetition_type === "REPEATED");
  if (isList) return scaleOf(children[0]!);
  const isDecimal = element.converted_type === "DECIMAL" || element.logical_type?.type === "DECIMAL";
  return children.length === 0 && isDecimal ? (element.scale ?? 0) : undefined;
}

/** A decimal with all its digits: 0.57 comes as 0.5700000000000001, and 3.00 as 3. */
export function decimalText(value: unknown, scale: number): unknown {
  if (Array.isArray(value)) return value.map((item) => decimalText(item, scale));
  return typeof value === "number" && Math.abs(value) < 1e15 && scale <= 100 ? value.toFixed(scale) : value;
}
