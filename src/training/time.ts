/** How long a run will take, with what is measured of held-out rows: by the last run of the same kind, else by what was measured of this machine, else by what is expected of its kind. */
import { SPEEDS } from "../page/card-speeds.ts";
import { duration, fixed } from "../parts/format.ts";
import { language, words } from "../words/index.ts";

export interface Work {
  steps: number;
  /** Floating-point operations of a step with pictures that are new, and of one whose pictures were seen. */
  flops: number;
  flopsSeen: number;
  /** Times that held-out rows are measured. */
  evaluations: number;
  /** Rows that are measured, in rows of a step. */
  heldOutSteps: number;
  /** Some of them are answered too. */
  answers: boolean;
}

/** Of a step's work, what its way forward takes: backward it is as much again, and once more where activations are made anew. */
const FORWARD = { least: 1 / 3, most: 1 / 2 };

export interface Known {
  /** The last run of the same model with as many rows a step: seconds of a step, and of an evaluation where it had some. */
  run?: { seconds: number; createdAt: string; evaluation?: number | undefined } | undefined;
  /** Floating-point operations a second, measured on this machine. */
  flopsPerSecond?: number | undefined;
  /** Machines between which this one lies, the faster one first. */
  expected?: readonly [keyof typeof SPEEDS, keyof typeof SPEEDS] | undefined;
}

/** Seconds of a run, from and to. Undefined where nothing is known of the machine, or of the steps. Without the time of answers but by a run. */
export function runSeconds(work: Work, known: Known): [number, number] | undefined {
  const { steps, flops, flopsSeen, evaluations, heldOutSteps } = work;
  if (steps < 1) return undefined;
  const measured = evaluations * heldOutSteps;
  if (known.run) {
    const { seconds, evaluation } = known.run;
    const least = evaluation ?? seconds * heldOutSteps * FORWARD.least;
    const most = evaluation ?? seconds * heldOutSteps * FORWARD.most;
    return [steps * seconds + evaluations * least, steps * seconds + evaluations * most];
  }
  const [fast, slow] = known.flopsPerSecond
    ? [known.flopsPerSecond, known.flopsPerSecond]
    : (known.expected?.map((card) => SPEEDS[card]) ?? []);
  if (!fast || !slow) return undefined;
  return [((steps + measured * FORWARD.least) * flopsSeen) / fast, ((steps + measured * FORWARD.most) * flops) / slow];
}

/** The time in words, and where it is from. */
export function timeWords(work: Work, known: Known): { time: string; source: string } {
  const say = words().recipe.plan;
  const seconds = runSeconds(work, known);
  if (!seconds) return { time: say.unknown, source: "" };
  const said = (source: string, uncounted: boolean): string =>
    uncounted && work.answers ? `${source}; ${say.sources.withoutAnswers}` : source;
  const [least, most] = [duration(seconds[0]), duration(seconds[1])];
  const time = least === most ? say.about(least) : say.between(least, most);
  if (known.run) {
    const date = new Date(known.run.createdAt).toLocaleDateString(language());
    const step = known.run.seconds < 10 ? `${fixed(known.run.seconds, 1)} s` : duration(known.run.seconds);
    return { time, source: said(say.sources.run(date, step), known.run.evaluation === undefined) };
  }
  return { time, source: said(known.flopsPerSecond ? say.sources.measured : say.sources.expected, true) };
}
