/** Numbers as people read them, in the language of the page. */
import { language, words } from "../words/index.ts";

/** Formatters by language and options: one costs more to make than to use, and tables use them by the thousand. */
const formatters = new Map<string, Intl.NumberFormat>();

function formatted(n: number, options: Intl.NumberFormatOptions): string {
  const key = `${language()} ${JSON.stringify(options)}`;
  const format = formatters.get(key) ?? new Intl.NumberFormat(language(), options);
  formatters.set(key, format);
  return format.format(n);
}

/** A number with so many digits after the point, as `toFixed`. */
export const fixed = (n: number, digits: number): string =>
  formatted(n, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });

/** A whole number with its thousands apart. */
export const grouped = (n: number): string => formatted(n, {});

/** A share of 1: "81.3 %"; of few rows whole percents are enough (`digits` 0). */
export const percent = (share: number, digits = 1): string => `${fixed(100 * share, digits)} %`;

export function bytes(n: number): string {
  if (n < 1e3) return `${n} B`;
  if (n < 1e6) return `${fixed(n / 1e3, 0)} kB`;
  if (n < 1e9) return `${fixed(n / 1e6, n < 1e7 ? 1 : 0)} MB`;
  return `${fixed(n / 1e9, 2)} GB`;
}

export function count(n: number): string {
  const { thousand, million, billion } = words().units;
  if (n < 10_000) return String(n);
  if (n < 1e6) return `${fixed(n / 1e3, 0)} ${thousand}`;
  return n < 1e9 ? `${fixed(n / 1e6, 1)} ${million}` : `${fixed(n / 1e9, 2)} ${billion}`;
}

/** Floating-point operations, with the prefixes that GPUs are measured in. */
export function flops(n: number): string {
  if (n < 1e9) return `${fixed(n / 1e6, 0)} MFLOP`;
  return n < 1e12 ? `${fixed(n / 1e9, 1)} GFLOP` : `${fixed(n / 1e12, 1)} TFLOP`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Seconds that are expected: below ten with one digit, which is all that an expectation has. */
export const roughly = (seconds: number): string =>
  seconds < 10 ? `${fixed(seconds, seconds < 1 ? 1 : 0)} s` : duration(seconds);

/** Four significant digits, and never a silent zero for what is no number. */
export function figure(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  if (Math.abs(n) < 1e-3 && n !== 0) return n.toExponential(2);
  return formatted(n, { minimumSignificantDigits: 4, maximumSignificantDigits: 4, useGrouping: false });
}
