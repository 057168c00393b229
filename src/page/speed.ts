/** How fast this machine was when it trained last, or was measured: kept in this browser, so that the next visit need not guess. */
import * as v from "valibot";

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
export const rememberSpeed = (speed: Speed): void => localStorage.setItem(KEY, JSON.stringify(speed));

/** Undefined where nothing was measured on this adapter, or another version kept it in another form. */
export function rememberedSpeed(adapter: string): Speed | undefined {
  const text = localStorage.getItem(KEY);
  if (text === null) return undefined;
  try {
    const found = v.safeParse(Speed, JSON.parse(text));
    return found.success && found.output.adapter === adapter ? found.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
