/** The evaluations of a run: when, of which rows, and what follows from them. The loss is of all held-out rows, the answers are to a few. */
import type { Example } from "../data/example.ts";
import { pixelHashes } from "../data/held-out/same-picture.ts";
import { TabTuneError } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import { evalStepsOf, type Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import type { Answering } from "./answering.ts";
import { type Judgement, judge } from "./best.ts";
import { type Measured, measure } from "./evaluation.ts";
import type { EvaluationRecord, OddRow } from "./events.ts";
import { fittedRows } from "./fitted-rows.ts";
import type { SeparatedRows } from "./held-out.ts";
import type { Judging } from "./judging.ts";
import type { RunReport } from "./report.ts";
import { type AnsweredStep, RunAnswers } from "./run-answers.ts";
import { answersEntry } from "./saved/answers.ts";
import {
  dropBegun,
  type HeldOutRecord,
  readBegun,
  readEvaluations,
  writeBegun,
  writeEvaluations,
  writeHeldOut,
} from "./saved/evaluations.ts";
import { readLineage } from "./saved/lineage.ts";
import type { Runner } from "./step.ts";

/** Rows that are prepared ahead, of data whose rows are prepared when they are asked for. */
const ROWS_AHEAD = 64;

export interface RunEvaluationParts {
  model: Pick<LoadedModel, "config" | "pictures" | "preparation" | "eosIds">;
  store: Store;
  runId: string;
  /** It goes on: what of an evaluation was done before is taken up. */
  resume: boolean;
  recipe: Recipe;
  /** T of the schedule. */
  totalSteps: number;
  heldOut: NonNullable<SeparatedRows["heldOut"]>;
  runner: Pick<Runner, "losses" | "room">;
  /** Where rows are answered. */
  answering: Answering | undefined;
  judging: Judging | undefined;
  /** Positions of rows that somebody picked to be answered. */
  picked?: readonly number[] | undefined;
  report: RunReport;
}

export class RunEvaluation {
  readonly #parts: RunEvaluationParts;
  readonly #read: (i: number) => Promise<Example | undefined>;
  readonly #answers: RunAnswers | undefined;
  /** Held-out rows that cannot be used, as far as they were read. */
  readonly #leftOut: OddRow[] = [];
  #done: EvaluationRecord[] = [];
  /** The step at which the run was last given more steps. */
  #since = 0;

  constructor(parts: RunEvaluationParts) {
    this.#parts = parts;
    const { answering, heldOut, report } = parts;
    const row = (odd: OddRow): void => {
      if (odd.outcome === "left-out") this.#leftOut.push(odd);
      report.row(odd);
    };
    this.#read = fittedRows(heldOut.rows, { ...parts, report: { row }, counted: false });
    const asked = { ...parts, rows: heldOut.rows, read: this.#read, tell: (words: string) => report.note(words) };
    this.#answers = answering && new RunAnswers({ ...asked, picked: parts.picked, answering });
  }

  /** Takes up what was measured before the run was interrupted. */
  async restore(): Promise<void> {
    const { store, runId } = this.#parts;
    this.#done = await readEvaluations(store, runId);
    await this.#answers?.restore();
    this.#since = (await readLineage(store, runId)).more.at(-1)?.at ?? 0;
  }

  /** Keeps with the run which rows it holds out; nothing has been measured. One that was cut off before a checkpoint asks the same rows. */
  async begin(): Promise<void> {
    const { store, runId, heldOut, resume } = this.#parts;
    await writeHeldOut(store, runId, heldOut.record);
    if (!resume) await dropBegun(store, runId);
    await this.#answers?.restore();
    this.#done = [];
    await writeEvaluations(store, runId, []);
  }

  get best(): Judgement["best"] {
    return this.#judged.best;
  }

  get ended(): boolean {
    return this.#judged.ended;
  }

  get #judged(): Judgement {
    return judge(this.#parts.recipe, this.#done, this.#since);
  }

  /** At step 0, at every `eval_steps` and at the last step of the schedule, as transformers does with eval_on_start. */
  isDue(step: number): boolean {
    const { recipe, totalSteps } = this.#parts;
    const isWanted = step % evalStepsOf(recipe) === 0 || step === totalSteps;
    return isWanted && !this.#done.some((evaluation) => evaluation.step === step);
  }

  async run(step: number, goOn: () => Promise<boolean>): Promise<void> {
    const { store, runId, report } = this.#parts;
    const kept = await readBegun(store, runId);
    const before = kept?.step === step ? kept : undefined;
    const started = performance.now() - 1000 * (before?.seconds ?? 0);
    const seconds = (): number => (performance.now() - started) / 1000;
    report.state("evaluating");
    const measured = before?.measured ?? (await this.#measure(goOn));
    if (!measured) return;
    const answered = await this.#answers?.run(step, {
      ...{ before, goOn },
      keep: (begun) => writeBegun(store, runId, { ...before, step, measured, ...begun, seconds: seconds() }),
      onAnswer: (done, of) => report.evaluating("answers", done, of),
    });
    if (this.#answers && !answered) return;
    const record = { step, ...measured, ...figuresOf(answered), seconds: seconds() };
    this.#done.push(record);
    await writeEvaluations(store, runId, this.#done, answered && [await answersEntry(runId, answered.answers)]);
    await dropBegun(store, runId);
    report.evaluation(record);
    report.state("training");
  }

  /** Loss of the held-out rows; undefined where `goOn` said no. */
  async #measure(goOn: () => Promise<boolean>): Promise<Measured | undefined> {
    const { store, runId, recipe, runner, report, heldOut } = this.#parts;
    const { rows } = heldOut.rows;
    const measured = await measure(runner, this.#batches(), recipe.trainOn, async (done) => {
      const isOn = await goOn();
      if (isOn) report.evaluating("loss", done, rows);
      return isOn;
    });
    if (measured && heldOut.pictures.size > 0 && !heldOut.record.pictures) {
      heldOut.record.pictures = [...heldOut.pictures];
      await writeHeldOut(store, runId, heldOut.record);
    }
    return measured;
  }

  /** The held-out rows in their order, read while the GPU works on those before. Throws TabTuneError "no-rows" where none can be used. */
  async *#batches(): AsyncGenerator<Example[]> {
    const { recipe, heldOut } = this.#parts;
    const { rows, record, pictures } = heldOut;
    const size = recipe.perDeviceEvalBatchSize;
    const read = (from: number): Promise<(Example | undefined)[]> => {
      const numbers = Array.from({ length: Math.min(size, rows.rows - from) }, (_, k) => from + k);
      const batch = Promise.all(numbers.map(this.#read));
      // A rejection waits for the turn of its batch; without a handler the platform would report it as lost.
      batch.catch(() => undefined);
      const next = from + numbers.length;
      const ahead = Math.max(0, Math.min(ROWS_AHEAD, rows.rows - next));
      if (rows.onDemand && ahead > 0) rows.soon(Array.from({ length: ahead }, (_, k) => next + k));
      return batch;
    };
    let found = false;
    let coming = read(0);
    for (let from = 0; from < rows.rows; from += size) {
      const examples = (await coming).filter((example) => example !== undefined);
      if (from + size < rows.rows) coming = read(from + size);
      if (rows.onDemand && record.from === "share" && !record.pictures) {
        for (const example of examples) for (const hash of await pixelHashes(example)) pictures.add(hash);
      }
      if (examples.length > 0) {
        found = true;
        yield examples;
      }
    }
    if (!found) throw noneUsable(rows.rows, record.from, this.#leftOut[0]!);
  }
}

function noneUsable(rows: number, from: HeldOutRecord["from"], { source, message }: OddRow): TabTuneError {
  const why = message.startsWith(source) ? message : `${source}: ${message}`;
  const others = from === "share" ? "hold out others (eval_split, or another seed)" : `leave the ${from} split out`;
  return new TabTuneError(
    "no-rows",
    rows === 1
      ? `The one held-out row cannot be read: ${why}`
      : `None of the ${rows} held-out rows can be read. The first: ${why}`,
    `Repair these rows, give other rows, ${others}, or set eval_strategy to "no".`,
    "What was trained and saved stays.",
  );
}

const figuresOf = (answered: AnsweredStep | undefined): Pick<EvaluationRecord, "metrics" | "answered"> =>
  answered && answered.judged > 0 ? { metrics: answered.figures, answered: answered.judged } : { metrics: {} };
