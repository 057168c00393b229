/**
 * How long a dispatch will take on this GPU, learned from finished submits, and how it is cut so that none runs long: a dispatch is
 * what a desktop waits for and what a driver's watchdog kills (after 2 s on Windows). Pure: no GPU here.
 */
import type { PaceMode } from "../protocol.ts";

/** Upper bounds of estimated GPU time, and how many submits may be under way. */
export interface Budget {
  dispatchMs: number;
  submitMs: number;
  inFlight: number;
  /** Pause after a submit, as a multiple of the time it took. */
  rest: number;
}

export const budgets: Record<PaceMode, Budget> = {
  "full speed": { dispatchMs: 16, submitMs: 100, inFlight: 2, rest: 0 },
  gentle: { dispatchMs: 8, submitMs: 16, inFlight: 1, rest: 1 },
};
/** Dispatches as they were recorded: to count and time them. */
export const whole: Budget = { ...budgets["full speed"], dispatchMs: Number.POSITIVE_INFINITY };

/** What is known of one kernel. */
export interface KernelPace {
  secondsPerFlop: number;
  /** Variance of the logarithm of `secondsPerFlop`: how far it may be off. */
  doubt: number;
}

/** What is known of a GPU's speed; shared by all programs of a model. Only `flopsPerSecond` must be given. */
export interface Pace {
  /** FLOP/s that a kernel is taken to do before it was ever timed. Rather too low: the first pieces are cut by it. */
  flopsPerSecond: number;
  /** "full speed" if absent. It changes when work is sent, and no bit of what is computed. */
  mode?: PaceMode;
  /** By kernel name. */
  kernels?: Map<string, KernelPace>;
}

/** A dispatch costs something even when it does nothing; a memory-bound kernel has few FLOPs, so its pace is that of its bytes. */
const OVERHEAD_FLOPS = 20_000;
/** Before the first timing: off by a factor of ten, either way. */
const FIRST_DOUBT = Math.log(10) ** 2;
/** What a submit's timing is off by (the reply's way, other programs), and what a GPU's speed changes between two (clock, heat). */
const NOISE = 0.15 ** 2;
const DRIFT = 0.03 ** 2;
/** Shorter than this, a timing is mostly the reply's way: it can only show that a GPU is faster than was thought. */
const TELLING_SECONDS = 0.004;
/** A timing that came too short (the reply of the submit before came late) must not make the next dispatches long. */
const MAX_SPEEDUP = 2;
const SECONDS_PER_FLOP = { min: 1e-17, max: 1e-4 };

export function paceOf(pace: Pace, kernel: string): KernelPace {
  pace.kernels ??= new Map();
  let known = pace.kernels.get(kernel);
  if (!known) {
    known = { secondsPerFlop: 1 / pace.flopsPerSecond, doubt: FIRST_DOUBT };
    pace.kernels.set(kernel, known);
  }
  return known;
}

/** Seconds that a dispatch of this kernel is expected to take. */
export const expectedSeconds = ({ secondsPerFlop }: KernelPace, flops: number): number =>
  (OVERHEAD_FLOPS + (flops || 0)) * secondsPerFlop;

/**
 * A submit for which `expected` seconds by kernel were reckoned took `seconds`. One number for many kernels: what differs is put down
 * to each by its share of the time and by how little is known of it (a Kalman filter on the logarithms, with a diagonal covariance).
 */
export function learn(expected: ReadonlyMap<KernelPace, number>, seconds: number): void {
  let total = 0;
  for (const part of expected.values()) total += part;
  if (!(seconds >= 0 && total > 0 && Number.isFinite(seconds + total))) return;
  if (seconds < TELLING_SECONDS && seconds >= total) return;
  const parts = [...expected].map(([known, part]) => ({ known, share: part / total }));
  const variance = (): number => parts.reduce((sum, { known, share }) => sum + known.doubt * share ** 2, NOISE);
  const found = Math.log(seconds / total);
  const surprise = Math.max(found, -Math.log(MAX_SPEEDUP));
  const believable = 3 * Math.sqrt(variance());
  // A hiccup moves little; if it was none, the next timings meet more doubt and move more.
  if (Math.abs(surprise) > believable) for (const { known } of parts) known.doubt *= 4;
  const spread = variance();
  const off = Math.max(-believable, Math.min(believable, surprise)) / spread;
  for (const { known, share } of parts) {
    const gain = known.doubt * share;
    const learned = known.secondsPerFlop * Math.exp(gain * off);
    known.secondsPerFlop = Math.max(SECONDS_PER_FLOP.min, Math.min(SECONDS_PER_FLOP.max, learned));
    // Of a speed-up that was not believed in full there is more to learn.
    const left = found < surprise ? 1 : 1 - (gain * share) / spread;
    known.doubt = Math.min(FIRST_DOUBT, known.doubt * left + DRIFT);
  }
}

/** Workgroups along x, y and z. */
export type Grid = readonly [x: number, y: number, z: number];

/**
 * The largest box of at most `limit` workgroups (and of one at least) that `grid` can be cut into along its slowest axes: whole layers,
 * else whole rows, else part of a row. Pieces are of nearly equal size.
 */
export function pieceOf([x, y, z]: Grid, limit: number): Grid {
  /** `n` in as few parts as `most` allows. */
  const even = (n: number, most: number): number => Math.ceil(n / Math.ceil(n / Math.max(1, Math.floor(most))));
  if (limit >= x * y) return [x, y, even(z, limit / (x * y))];
  if (limit >= x) return [x, even(y, limit / x), 1];
  return [even(x, limit), 1, 1];
}
