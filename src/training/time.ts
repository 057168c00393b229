/** How long a run will take: by the last run of the same kind, else by what was measured of this machine, else by what is expected of its kind. */
import { SPEEDS } from "../page/card-speeds.ts";
import { duration, fixed } from "../parts/format.ts";
import { language, words } from "../words/index.ts";

export interface Work {
  steps: number;
  /** Floating-point operations of a step with pictures that are new, and of one whose pictures were seen. */
  flops: number;
  flopsSeen: number;
}

export interface Known {
  /** The last run of the same model with as many rows a step. */
  run?: { seconds: number; createdAt: string } | undefined;
  /** Floating-point operations a second, measured on this machine. */
  flopsPerSecond?: number | undefined;
  /** Machines between which this one lies, the faster one first. */
  expected?: readonly [keyof typeof SPEEDS, keyof typeof SPEEDS] | undefined;
}

/** Seconds of a run, from and to. Undefined where nothing is known of the machine, or of the steps. */
export function runSeconds({ steps, flops, flopsSeen }: Work, known: Known): [number, number] | undefined {
  if (steps < 1) return undefined;
  if (known.run) return [steps * known.run.seconds, steps * known.run.seconds];
  const [fast, slow] = known.flopsPerSecond
    ? [known.flopsPerSecond, known.flopsPerSecond]
    : (known.expected?.map((card) => SPEEDS[card]) ?? []);
  return fast && slow ? [(steps * flopsSeen) / fast, (steps * flops) / slow] : undefined;
}

/** The time in words, and where it is from. */
export function timeWords(work: Work, known: Known): { time: string; source: string } {
  const say = words().recipe.plan;
  const seconds = runSeconds(work, known);
  if (!seconds) return { time: say.unknown, source: "" };
  const [least, most] = [duration(seconds[0]), duration(seconds[1])];
  const time = least === most ? say.about(least) : say.between(least, most);
  if (known.run) {
    const date = new Date(known.run.createdAt).toLocaleDateString(language());
    const step = known.run.seconds < 10 ? `${fixed(known.run.seconds, 1)} s` : duration(known.run.seconds);
    return { time, source: say.sources.run(date, step) };
  }
  return { time, source: known.flopsPerSecond ? say.sources.measured : say.sources.expected };
}
