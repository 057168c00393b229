/**
 * How sides are timed and compared: each is warmed up and its output checked, then rounds A, B, C, C, B, A, A … so that whatever
 * else the machine does falls on all alike; the fastest round counts. A side whose output is wrong has no time.
 */
import { type Meter, noCalls } from "./meter.ts";
import type { ApiCalls, Comparison, Measured, PeerResults } from "./results.ts";

export interface Ready {
  /** Starts `times` runs in a row; resolves when the GPU has done them all. */
  run(times: number): Promise<unknown>;
  /** Relative error of the last run's outputs; a side without one is what the others are held against. */
  error?(): Promise<number>;
  dispose(): unknown;
}

export interface Side {
  name: string;
  prepare(): Promise<Ready>;
}

export interface Rules {
  rounds: number;
  /** Runs are repeated inside a round until it takes about this long; 0: once. */
  targetMs: number;
  tolerance: number;
  meter: Meter;
  /** Milliseconds. */
  clock: { name: PeerResults["clock"]; now(): Promise<number> };
}

/** More repeats than this measure nothing new. */
const MAX_REPEATS = 200;

declare global {
  /** Set by run.mjs: milliseconds of processor time that the browser has used. */
  var benchProcessorTime: (() => Promise<number>) | undefined;
}

/**
 * Wall-clock, unless whoever drives the page offers processor time and the GPU is the processor: then that is the work itself, whatever
 * else the machine does meanwhile.
 */
export const clockOf = (isSoftware: boolean): Rules["clock"] =>
  isSoftware && globalThis.benchProcessorTime
    ? { name: "processor time", now: globalThis.benchProcessorTime }
    : { name: "wall clock", now: async () => performance.now() };

function perRun(calls: ApiCalls, repeats: number): ApiCalls {
  const each = noCalls();
  for (const key of Object.keys(each) as (keyof ApiCalls)[]) each[key] = Math.round((10 * calls[key]) / repeats) / 10;
  return each;
}

/** Runs every side. The first is ours, and must work: its failure is thrown; a peer's is noted. */
export async function compare(sides: Side[], rules: Rules): Promise<Pick<Comparison, "sides" | "failures">> {
  const { rounds, targetMs, tolerance, meter, clock } = rules;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const started = await clock.now();
    await work();
    return (await clock.now()) - started;
  };
  const running: { ready: Ready; measured: Measured }[] = [];
  const failures: Comparison["failures"] = [];
  try {
    for (const { name, prepare } of sides) {
      let ready: Ready | undefined;
      try {
        ready = await prepare();
        const { run, error } = ready;
        const firstMs = await timed(() => run(1));
        const off = error ? await error() : null;
        // Written so that a NaN fails too.
        if (off !== null && !(off <= tolerance)) throw new Error(`relative error ${off}, allowed ${tolerance}`);
        // What took that long with compilation is long enough without.
        const once = firstMs > 10 * targetMs ? firstMs : await timed(() => run(1));
        const repeats = Math.min(MAX_REPEATS, Math.max(1, Math.ceil(targetMs / Math.max(once, 0.1))));
        const measured = { name, ms: Number.NaN, rounds: [], repeats, firstMs, calls: noCalls(), error: off };
        running.push({ ready, measured });
      } catch (cause) {
        await ready?.dispose();
        if (name === sides[0]!.name) throw cause;
        failures.push({ name, message: cause instanceof Error ? cause.message : String(cause) });
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const { ready, measured } of round % 2 === 0 ? running : running.toReversed()) {
        meter.calls = noCalls();
        const ms = await timed(() => ready.run(measured.repeats));
        measured.rounds.push(ms / measured.repeats);
        measured.calls = perRun(meter.calls, measured.repeats);
      }
    }
    for (const { measured } of running) measured.ms = Math.min(...measured.rounds);
    return { sides: running.map((r) => r.measured), failures };
  } finally {
    for (const { ready } of running) await ready.dispose();
  }
}

/** L2 norm of the difference over the L2 norm of the expectation. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values where ${expected.length} are expected`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
