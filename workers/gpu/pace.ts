/**
 * How long a dispatch will take on this GPU, learned from finished submits, and how long it may: a dispatch is what a desktop waits
 * for and what a driver's watchdog kills (after 2 s on Windows). Pure: no GPU here.
 */

/** How hard a run works the GPU: "gentle" leaves about half of its time to the desktop. It changes no number of the run. */
export type PaceMode = "full speed" | "gentle";

/** Upper bounds of estimated GPU time, and how many submits may be under way. */
export interface Budget {
  dispatchMs: number;
  submitMs: number;
  inFlight: number;
  /** Pause after a submit, as a multiple of the time it took. */
  rest: number;
  /** Fewer are not worth a dispatch of their own, however long they take. */
  leastFlops: number;
  leastGroups: number;
}

/** 15 ms at 4 GFLOP/s, which any GPU exceeds by far: on a software adapter, more pieces make each of them slower. */
const least = { leastFlops: 6e7, leastGroups: 1 };
const budgets: Record<PaceMode, Budget> = {
  "full speed": { dispatchMs: 16, submitMs: 100, inFlight: 2, rest: 0, ...least },
  gentle: { dispatchMs: 8, submitMs: 16, inFlight: 1, rest: 1, ...least },
};
/**
 * A software adapter runs each workgroup on one core, and one of a full-size linear takes a tenth of a second: in pieces of single
 * workgroups all other cores would stand idle. No watchdog waits for them.
 */
const LEAST_GROUPS_IN_SOFTWARE = 8;
const softwareBudgets: Record<PaceMode, Budget> = {
  "full speed": { ...budgets["full speed"], leastGroups: LEAST_GROUPS_IN_SOFTWARE },
  gentle: { ...budgets.gentle, leastGroups: LEAST_GROUPS_IN_SOFTWARE },
};
export const budgetOf = ({ mode = "full speed", software }: Pick<Pace, "mode" | "software">): Budget =>
  (software ? softwareBudgets : budgets)[mode];
/** Dispatches as they were recorded: to count and time them. */
export const whole: Budget = { ...budgets["full speed"], dispatchMs: Number.POSITIVE_INFINITY };

/** What is known of one kernel. */
export interface KernelPace {
  secondsPerFlop: number;
  /** Timings in a row, of submits with this kernel alone, that were about as expected. */
  agreed: number;
}

/** What is known of a GPU's speed; shared by all programs of a model. Only `flopsPerSecond` must be given. */
export interface Pace {
  /** FLOP/s that a kernel is taken to do before it was ever timed. Rather too low: the first pieces are cut by it. */
  flopsPerSecond: number;
  /** "full speed" if absent. It changes when work is sent, and no bit of what is computed. */
  mode?: PaceMode;
  /** The adapter runs on processor cores. */
  software?: boolean;
  /** By kernel name. */
  kernels?: Map<string, KernelPace>;
}

/** A dispatch costs something even when it does nothing; a memory-bound kernel has few FLOPs, so its pace is that of its bytes. */
const OVERHEAD_FLOPS = 20_000;
const ENOUGH_TIMINGS = 2;
/** What one timing may change. A reply that came late makes the next one seem to come at once: slower is believed sooner than faster. */
const CHANGE = { faster: 1 / 2, slower: 4 };
/** "About as expected": within this factor. */
const ABOUT = 2;
/** Weight of a timing of kernels that are known. */
const WEIGHT = 0.3;
/** Shorter than this, a timing is mostly the reply's way: it can only show that a GPU is faster than was thought. */
const TELLING_SECONDS = 0.004;
/** As long as this, and longer than expected: something is to be found out. */
const ALARMING_SECONDS = 0.05;
const SECONDS_PER_FLOP = { min: 1e-17, max: 1e-4 };

const within = (value: number, { min, max }: { min: number; max: number }): number =>
  Math.max(min, Math.min(max, value));

export function paceOf(pace: Pace, kernel: string): KernelPace {
  pace.kernels ??= new Map();
  let known = pace.kernels.get(kernel);
  if (!known) {
    known = { secondsPerFlop: 1 / pace.flopsPerSecond, agreed: 0 };
    pace.kernels.set(kernel, known);
  }
  return known;
}

/** A kernel that is not known is sent alone, so that its timing is its own. */
export const isKnown = (kernel: KernelPace): boolean => kernel.agreed >= ENOUGH_TIMINGS;

/** Seconds that a dispatch of this kernel is expected to take. */
export const expectedSeconds = ({ secondsPerFlop }: KernelPace, flops: number): number =>
  (OVERHEAD_FLOPS + (flops || 0)) * secondsPerFlop;

/**
 * A submit for which `expected` seconds by kernel were reckoned took `seconds`. Of a kernel that was alone all is learned; of known
 * ones together a moving average, each by its share: then it is mostly the GPU's clock or other programs that have changed.
 */
export function learn(expected: ReadonlyMap<KernelPace, number>, seconds: number): void {
  let [total, largest] = [0, 0];
  for (const part of expected.values()) {
    total += part;
    largest = Math.max(largest, part);
  }
  if (!(seconds >= 0 && total > 0 && Number.isFinite(seconds + total))) return;
  const untold = seconds < TELLING_SECONDS && seconds >= total;
  const found = untold ? 1 : seconds / total;
  const ratio = within(found, { min: CHANGE.faster, max: CHANGE.slower });
  const unexpected = found > ABOUT && seconds > ALARMING_SECONDS;
  const alone = expected.size === 1;
  for (const [kernel, part] of expected) {
    const weight = isKnown(kernel) ? (WEIGHT * part) / largest : 1;
    kernel.secondsPerFlop = within(kernel.secondsPerFlop * ratio ** weight, SECONDS_PER_FLOP);
    if (alone && !isKnown(kernel)) kernel.agreed = found <= ABOUT && found >= 1 / ABOUT ? kernel.agreed + 1 : 0;
    else if (unexpected) kernel.agreed = 0;
  }
}
