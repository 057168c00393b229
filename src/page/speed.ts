/** How fast this machine was when it trained last, or was measured: kept in this browser, so that the next visit need not guess. */
import * as v from "valibot";
import { type AdapterKind, expectedLike, SPEEDS } from "./card-speeds.ts";
import { store, stored } from "./stored.ts";

const Speed = v.object({
  /** As `adapterOf` names it: another graphics card has another speed. */
  adapter: v.string(),
  /** ISO 8601. */
  date: v.string(),
  /** What was trained. */
  model: v.string(),
  /** Rows of an optimizer step, where the model's name does not say it. */
  rows: v.optional(v.number()),
  /** Of an optimizer step, the median. */
  seconds: v.number(),
  /** Floating-point operations a second of whole steps, where they were counted. */
  flopsPerSecond: v.optional(v.number()),
});

export type Speed = v.InferOutput<typeof Speed>;

const KEY = "tabtune-speed";

/** What the browser tells of a GPU adapter, as one name. */
export const adapterOf = ({ vendor, architecture }: { vendor: string; architecture: string }): string =>
  `${vendor} ${architecture}`.trim();

/** Keeps the newest. */
export const rememberSpeed = (speed: Speed): void => store(KEY, speed);

/** Undefined where nothing was measured on this adapter, or another version kept it in another form. */
export function rememberedSpeed(adapter: string): Speed | undefined {
  const found = stored(KEY, Speed);
  return found?.adapter === adapter ? found : undefined;
}

/** Floating-point operations a second of training on this machine, the most and the least that is expected; one figure where it was measured. */
export function speedsOf(adapter: AdapterKind): { fast: number; slow: number; isMeasured: boolean } {
  const measured = rememberedSpeed(adapterOf(adapter))?.flopsPerSecond;
  if (measured) return { fast: measured, slow: measured, isMeasured: true };
  const [fast, slow] = expectedLike(adapter);
  return { fast: SPEEDS[fast], slow: SPEEDS[slow], isMeasured: false };
}
