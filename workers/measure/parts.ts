/**
 * Parts of a measurement, each guarded: what throws, takes too long or loses the device is in the file with its words, and the rest
 * goes on, on a new device where the old one is gone.
 */
import { TabTuneError, toReport } from "../errors.ts";
import { newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { PipelineCache } from "../gpu/program.ts";
import type { Measurement, Part } from "./report.ts";
import type { Sizes } from "./sizes.ts";

export interface Context {
  gpu: Gpu;
  pipelines: PipelineCache;
  sizes: Sizes;
  /** Parts write what they find here as they find it: what a part had before it failed is kept. */
  found: Measurement;
  host: string;
  /** A line for whoever watches. */
  say(line: string): void;
  /** Asked between measurements: throws when the part's time is used up. */
  check(): void;
  /** Seconds that the part has left. */
  left(): number;
}

export interface PartToRun {
  name: string;
  seconds: number;
  /** Why it is left out by rule; undefined where it is to be run. */
  skip?(c: Context): string | undefined;
  run(c: Context): Promise<void>;
}

/** A part that left out what it should do, for a reason that is no fault: no room for a model. */
export class LeftOut extends Error {}
/** A part's time is used up, or would be. */
export class UsedUp extends Error {}

/** What `make` makes; where the GPU has no room, the part is left out. */
export async function roomFor<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "out-of-memory") throw new LeftOut(error.message);
    throw error;
  }
}

/** A part that does not even ask any more is waited for this many times as long as it may take, and a little. */
const PATIENCE = 3;
const GRACE_SECONDS = 60;
/** Devices in a row that may be lost: then the adapter is believed to be broken. */
const MOST_LOSSES = 3;

export interface RunPartsOptions {
  /** A new device after a loss. */
  open: () => Promise<Gpu>;
  /** After each part. */
  onPart?: ((found: Measurement) => Promise<void> | void) | undefined;
  /** Multiplies `seconds` of each part; for tests. */
  graceSeconds?: number;
}

/** Runs the parts in turn. Never rejects but by `onPart`. */
export async function runParts(c: Context, parts: PartToRun[], options: RunPartsOptions): Promise<void> {
  const { open, onPart, graceSeconds = GRACE_SECONDS } = options;
  let losses = 0;
  let gone: string | undefined;
  for (const part of parts) {
    const started = performance.now();
    const outcome = gone ? { status: "not run" as const, message: gone } : await guarded(c, part, graceSeconds);
    c.found.parts.push({ name: part.name, seconds: (performance.now() - started) / 1000, ...outcome });
    if (outcome.status !== "done") c.say(`${part.name}: ${outcome.status}: ${outcome.message}`);
    if (!gone && outcome.hung) gone = `"${part.name}" did not come back: the GPU is believed to be stuck.`;
    else if (!gone && (await isGone(c.gpu))) {
      losses += 1;
      gone = losses < MOST_LOSSES ? await opened(c, open) : `The device was lost ${losses} times.`;
    }
    await onPart?.(c.found);
  }
}

type Outcome = Pick<Part, "status" | "message"> & { hung?: boolean };

async function guarded(c: Context, part: PartToRun, graceSeconds: number): Promise<Outcome> {
  const reason = part.skip?.(c);
  if (reason !== undefined) return { status: "skipped", message: reason };
  const deadline = performance.now() + 1000 * part.seconds;
  c.left = () => (deadline - performance.now()) / 1000;
  c.check = () => {
    if (performance.now() > deadline)
      throw new UsedUp(`its ${part.seconds} s were used up; what was measured before is in the file.`);
  };
  const { device } = c.gpu;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<Outcome>((resolve) => {
    const patience = 1000 * (PATIENCE * part.seconds + graceSeconds);
    const message = `it did not come back within ${(patience / 1000).toFixed(0)} s, though it should take ${part.seconds} s at most.`;
    timer = setTimeout(() => resolve({ status: "cut off", message, hung: true }), patience);
  });
  const run = async (): Promise<Outcome> => {
    // What an op does wrong is this part's fault and not the device's: without a scope it would count against every later one.
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    const ended = await Promise.resolve()
      .then(() => part.run(c))
      .then((): Outcome => ({ status: "done", message: "" }), outcomeOf);
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]).catch(() => []);
    const refused = errors.find((error) => error)?.message;
    return ended.status === "done" && refused
      ? { status: "failed", message: `The GPU refused an operation: ${refused}` }
      : ended;
  };
  try {
    return await Promise.race([run(), stuck]);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof UsedUp) return { status: "cut off", message: error.message };
  if (error instanceof LeftOut) return { status: "skipped", message: error.message };
  return { status: "failed", message: toReport(error).message };
}

async function isGone(gpu: Gpu): Promise<boolean> {
  // The loss may be told a moment after the call that it broke.
  if (await gpu.lossWithin(20)) return true;
  try {
    gpu.alive();
    return false;
  } catch (error) {
    return error instanceof TabTuneError;
  }
}

/** Puts a new device in place of the one that is gone; returns why that was not possible. */
async function opened(c: Context, open: () => Promise<Gpu>): Promise<string | undefined> {
  c.gpu.destroy();
  try {
    c.gpu = await open();
  } catch (error) {
    return `The device was lost, and no other was given: ${toReport(error).message}`;
  }
  c.pipelines = new PipelineCache(c.gpu, newCounters());
  c.say("The device was lost; the rest goes on with a new one.");
  return undefined;
}
