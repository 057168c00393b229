/** What a run's own figures show, while it goes on and when it has ended. */
import { type Advice, roundly } from "../../advice.ts";
import { meanOf, median } from "../../metrics/averages.ts";
import type { Recipe } from "../../recipe.ts";
import { counted } from "../../words.ts";
import type { EvaluationRecord, StepRecord } from "../events.ts";
import { usualRate } from "./rate.ts";

/** Fewer steps than this say nothing of a loss that stands still, and not much of one that rises. */
const LEAST_STEPS = 30;
/** Part of itself by which a loss must differ to have moved; more than that, and it is not taken for the noise of single steps. */
const LEAST_MOVE = 0.01;
const MOST_NOISE = 0.05;
/** Losses below are those of rows that the model knows by heart: there is nothing to move. */
const KNOWN = 0.05;
/** Part of the lowest held-out loss above which the last one has risen, and after so many evaluations that were no better. */
const RISEN = 0.02;
const WAITED = 2;
/** More than so many times the usual rate is not advised. */
const BOLDEST = 5;

export interface SeenRun {
  records: readonly StepRecord[];
  evaluations: readonly EvaluationRecord[];
  recipe: Recipe;
  hiddenSize: number;
  /** It does not go on. */
  ended: boolean;
}

const shown = (loss: number): string => loss.toPrecision(4);

/** First and last loss, each the median of a tenth of the run: single steps jump. There must be a record. */
export function lossEnds(records: readonly StepRecord[]): { first: number; last: number } {
  const tenth = Math.max(1, Math.round(records.length / 10));
  const losses = records.map(({ loss }) => loss);
  return { first: median(losses.slice(0, tenth)), last: median(losses.slice(-tenth)) };
}

/** None for a run that shows nothing wrong. */
export function adviceOnRun(run: SeenRun): Advice[] {
  const { records } = run;
  const ofLoss = records.length < 2 ? undefined : (noGradient(run) ?? rising(run) ?? flat(run));
  return [ofLoss, overfitting(run)].filter((a) => a !== undefined);
}

/** A lower rate than the run's. */
function lowerRate({ recipe, hiddenSize }: SeenRun): number {
  const usual = usualRate(recipe, hiddenSize);
  return roundly(recipe.learningRate > 2 * usual ? usual : recipe.learningRate / 3);
}

function noGradient(run: SeenRun): Advice | undefined {
  const { records } = run;
  const idle = records.filter(({ gradNorm }) => gradNorm === 0).length;
  if (idle === 0) return undefined;
  return {
    about: "gradient",
    words: `In ${idle} of ${records.length} steps the gradient was 0: nothing was learnt in them. A lower learning rate, or other rows, may help.`,
    set: { learning_rate: lowerRate(run) },
  };
}

function rising(run: SeenRun): Advice | undefined {
  const { records, ended } = run;
  const { first, last } = lossEnds(records);
  if (last <= first || (!ended && records.length < LEAST_STEPS)) return undefined;
  // What is within the noise of single steps is no rise; how large that is, a few steps do not say.
  const tenth = Math.max(1, Math.round(records.length / 10));
  if (records.length >= LEAST_STEPS && last - first < 2 * 1.25 * noiseOf(records) * Math.sqrt(2 / tenth))
    return undefined;
  const [began, now] = [first, last].map(shown);
  return {
    about: "loss",
    words: ended
      ? `The loss ended above where it began (${began}, then ${now}): the adapter is probably worse than none. A lower learning rate may help.`
      : `The loss is above where it began (${began}, now ${now} at step ${records.at(-1)!.step}): the adapter is probably worse than none by now. A lower learning rate may help.`,
    set: { learning_rate: lowerRate(run) },
  };
}

/** Standard deviation of single steps about their course: of the differences from step to step, over √2. */
function noiseOf(records: readonly StepRecord[]): number {
  const differences = records.slice(1).map(({ loss }, n) => loss - records[n]!.loss);
  const mean = meanOf(differences);
  return Math.sqrt(meanOf(differences.map((d) => (d - mean) ** 2)) / 2);
}

function flat(run: SeenRun): Advice | undefined {
  const { records, recipe, hiddenSize } = run;
  if (records.length < LEAST_STEPS) return undefined;
  const losses = records.map(({ loss }) => loss);
  const third = Math.floor(losses.length / 3);
  const [first, last] = [meanOf(losses.slice(0, third)), meanOf(losses.slice(-third))];
  const noise = noiseOf(records);
  const moved = (a: number, b: number, n: number): boolean => {
    const by = Math.abs(a - b);
    return by > LEAST_MOVE * a && (by > MOST_NOISE * a || by > 2 * noise * Math.sqrt(1 / n + 1 / third));
  };
  // One that fell in its first steps and is level since has learnt.
  if (first < KNOWN || moved(first, last, third) || moved(meanOf(losses.slice(0, 5)), last, 5)) return undefined;
  // Held-out rows are the same each time: they have no noise.
  const [began, now] = [run.evaluations[0]?.loss, run.evaluations.at(-1)?.loss];
  if (began !== undefined && now !== undefined && Math.abs(began - now) > LEAST_MOVE * began) return undefined;
  const rate = recipe.learningRate;
  const usual = usualRate(recipe, hiddenSize);
  const higher = roundly(rate < usual / 2 ? usual : Math.min(3 * rate, BOLDEST * usual));
  const words = `Over ${counted(losses.length, "step")} the loss has not moved: ${shown(first)} in the first third, ${shown(last)} in the last.`;
  return higher > rate
    ? {
        about: "loss",
        words: `${words} At a learning rate of ${rate} the adapter hardly changes; about ${roundly(usual)} is usual for it.`,
        set: { learning_rate: higher },
      }
    : {
        about: "loss",
        words: `${words} The learning rate of ${rate} is high already: look whether the marked tokens of the rows are what it should learn.`,
      };
}

function overfitting(run: SeenRun): Advice | undefined {
  const { evaluations, records, recipe, ended } = run;
  const last = evaluations.at(-1);
  // A run that ends with its best adapter needs no word of it.
  if (!last || recipe.loadBestModelAtEnd) return undefined;
  const best = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
  const since = evaluations.filter(({ step }) => step > best.step).length;
  const rise = last.loss / best.loss - 1;
  if (since < WAITED || rise < RISEN) return undefined;
  const percent = `${(100 * rise).toFixed(rise < 0.1 ? 1 : 0)} %`;
  const seen = `Held-out loss was lowest at step ${best.step} (${shown(best.loss)}) and is ${shown(last.loss)} at step ${last.step}, ${percent} more`;
  if (best.step === 0) {
    return {
      about: "held-out loss",
      words: `${seen}: on rows that it has not seen the adapter is worse than none. A lower learning rate may help, or more rows.`,
      set: { learning_rate: lowerRate(run) },
    };
  }
  const after = records.filter(({ step }) => step > best.step);
  const taken = ended
    ? `The adapter of step ${best.step} is the better one.`
    : `The adapter of step ${best.step} is kept: nothing is lost by stopping now.`;
  const deed = ended ? ("take the best" as const) : ("stop" as const);
  const ends = after.length > 0 ? lossEnds(after) : undefined;
  const course = ends ? ` The training loss went from ${shown(ends.first)} to ${shown(ends.last)} meanwhile` : "";
  // Rows that are learnt by heart have a loss that does not rise, at least not with that of the others.
  if (ends && ends.last - ends.first > (last.loss - best.loss) / 4) {
    const words = `${seen}.${course}, so the steps are too large rather than too many. ${taken}`;
    return { about: "held-out loss", words, set: { learning_rate: lowerRate(run) }, deed };
  }
  return { about: "held-out loss", words: `${seen}.${course}: the rows are being learnt by heart. ${taken}`, deed };
}
