/** What came of a run, in a sentence with its figures: of the adapter that "Download adapter" gives, on rows that it has not seen. */
import { lossEnds } from "../../workers/training/advice/on-run.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { figure, percent } from "../parts/format.ts";
import { otherCheckpoint, stepOf } from "../stores/run-names.ts";
import { words } from "../words/index.ts";

export interface Course {
  run: Pick<RunSummary, "step" | "maxSteps" | "status" | "best" | "recipe" | "lineage">;
  records: readonly StepRecord[];
  /** Ascending by step. */
  evaluations: readonly EvaluationRecord[];
}

export type Outcome = "improved" | "partly" | "unchanged" | "worse" | "unknown";

export interface Finding {
  outcome: Outcome;
  /** The sentence with its figures. */
  words: string;
  /** What else is to be known of it, whole sentences. */
  more: string[];
}

/** Part of itself by which a loss must differ to have moved. */
const LEAST_MOVE = 0.01;
/** Of fewer answers than this a single one more or less moves the figure by 5 % and more: no verdict without a word of that. */
const FEW = 20;
/** Figures that count rows: each row is right or wrong. */
const COUNTS = new Set(["exact_match", "accuracy"]);

type Move = "better" | "same" | "worse";

const moveOf = (before: number, now: number, least: number): Move =>
  now > before + least ? "better" : now < before - least ? "worse" : "same";
const lossMove = (before: number, now: number): Move => moveOf(now, before, LEAST_MOVE * before);

interface Answered {
  name: string;
  value: number;
  of: number;
}

/** The metric's own figure, which is the first. */
function answeredOf({ metrics, answered }: EvaluationRecord): Answered | undefined {
  const [first] = Object.entries(metrics);
  return first && answered ? { name: first[0], value: first[1], of: answered } : undefined;
}

/** "41" of a metric that counts rows, "81 %" of one whose answers may be partly right. */
const amountOf = ({ name, value, of }: Answered): string =>
  COUNTS.has(name) ? String(Math.round(value * of)) : percent(value, 0);

const scoreWords = (answered: Answered): string => {
  const say = words().runs.finding;
  const { name, of } = answered;
  return COUNTS.has(name)
    ? say.right(amountOf(answered), of)
    : say.score(amountOf(answered), of, name.replaceAll("_", " "));
};

/** "44 of 48 right", "81 % right" */
const shortly = (answered: Answered): string => {
  const say = words().runs.finding;
  const amount = amountOf(answered);
  return COUNTS.has(answered.name) ? say.rightShortly(amount, answered.of) : say.scoreShortly(amount);
};

/** Answers of now beside those of before; without answers of the same kind before, those of now alone. */
function answersWords(now: Answered, before: Answered | undefined, move: Move | undefined): string {
  const say = words().runs.finding;
  const begun = scoreWords(now);
  if (!before || !move) return `${begun}.`;
  return move === "same" ? say.asBefore(begun) : say.before(begun, amountOf(before));
}

/** How the loss of held-out rows went up to the adapter's own step, and where it was lowest, if elsewhere. */
function lossWords(own: EvaluationRecord, evaluations: readonly EvaluationRecord[]): string {
  const say = words().runs.finding;
  const [first] = evaluations;
  const lowest = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
  // What it was before the first step is said already.
  const isElsewhere = lowest.step > 0 && lowest.loss < own.loss;
  const elsewhere = isElsewhere ? say.lowest(figure(lowest.loss), lowest.step) : "";
  const [from, to] = [figure(first!.loss), figure(own.loss)];
  const move = lossMove(first!.loss, own.loss);
  const course = { better: say.lossFell, same: say.lossStood, worse: say.lossRose }[move];
  return `${course(from, to)}${elsewhere}.`;
}

/** How the run ended, where that is not at its last step. */
function endWords({ status, step, maxSteps, recipe }: Course["run"]): string[] {
  const say = words().runs.finding;
  if (step >= maxSteps) return [];
  const patience = recipe.early_stopping_patience;
  if (status === "done") return typeof patience === "number" ? [say.endedEarly(step, maxSteps, patience)] : [];
  return [status === "stopped" ? say.stopped(step, maxSteps) : say.interrupted(step, maxSteps)];
}

/** Which other adapter of the run there is, and what it is worth. */
function otherWords(
  run: Course["run"],
  own: EvaluationRecord | undefined,
  evaluations: Course["evaluations"],
): string[] {
  const say = words().runs.finding;
  const other = otherCheckpoint(run);
  const evaluation = other && evaluations.find(({ step }) => step === other.step);
  if (!other || !evaluation || evaluation === own) return [];
  const answered = answeredOf(evaluation);
  const worth = answered ? shortly(answered) : say.loss(figure(evaluation.loss));
  return [other.which === "best" ? say.bestWas(other.step, worth) : say.lastWas(other.step, worth)];
}

/** Nothing was measured of what the run learned. */
function unmeasured({ run, records, evaluations }: Course): Finding {
  const say = words().runs.finding;
  const heldOut = run.recipe.eval_strategy === "steps";
  const ends = records.length > 1 ? lossEnds(records) : undefined;
  const trained = ends ? [say.trainingLoss(figure(ends.first), figure(ends.last))] : [];
  const what = heldOut || evaluations.length > 0 ? say.notYetMeasured : say.nothingHeldOut;
  return { outcome: "unknown", words: what, more: [...trained, ...endWords(run), say.holdOut] };
}

const outcomeOf = (answers: Move | undefined, loss: Move): Outcome => {
  if (answers === "better") return "improved";
  if (answers === "worse") return "worse";
  if (answers === "same") return loss === "better" ? "partly" : loss === "worse" ? "worse" : "unchanged";
  return { better: "improved", same: "unchanged", worse: "worse" }[loss] as Outcome;
};

/** Undefined where there is nothing to judge: no step was made, or the adapter came as a file. */
export function findingOf(course: Course): Finding | undefined {
  const { run, evaluations } = course;
  if (run.lineage.imported || run.step === 0) return undefined;
  const [first] = evaluations;
  const own = evaluations.findLast(({ step }) => step > 0 && step <= stepOf(run));
  if (!own || !first) return unmeasured(course);
  const say = words().runs.finding;
  const now = answeredOf(own);
  const begun = first === own ? undefined : answeredOf(first);
  const before = begun && begun.name === now?.name ? begun : undefined;
  const answers = now && before ? moveOf(before.value, now.value, 1e-9) : undefined;
  // A run whose first evaluation is gone has nothing to be held against.
  const loss = first === own ? undefined : lossMove(first.loss, own.loss);
  const lossSentence = loss ? lossWords(own, evaluations) : `${say.loss(figure(own.loss))}.`;
  const sentences = now ? [answersWords(now, before, answers), lossSentence] : [lossSentence];
  const late = own.step < stepOf(run) ? [say.measuredAt(own.step)] : [];
  const few = now && now.of < FEW ? [say.few(now.of)] : [];
  return {
    outcome: loss ? outcomeOf(answers, loss) : "unknown",
    words: sentences[0]!,
    more: [...sentences.slice(1), ...late, ...otherWords(run, own, evaluations), ...endWords(run), ...few],
  };
}
