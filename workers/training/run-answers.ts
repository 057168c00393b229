/** A few held-out rows of a run, answered at each of its evaluations: which ones, what the model says, and how right that is. */
import type { Example } from "../data/example.ts";
import { thumbnailOf } from "../data/preview.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import { judge } from "../metrics/metrics.ts";
import type { LoadedModel } from "../models/open.ts";
import { tokenizerOf } from "../models/preparation.ts";
import type { Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { counted } from "../words.ts";
import type { Answering } from "./answering.ts";
import { conversationQuestion, type HeldQuestion, heldQuestion } from "./held-question.ts";
import { fits, type Judging } from "./judging.ts";
import {
  type AskedRow,
  type AskedRows,
  type GivenAnswer,
  readAskedRows,
  type StepAnswers,
  THUMBNAIL,
  writeAskedRows,
} from "./saved/answers.ts";
import type { BegunEvaluation } from "./saved/evaluations.ts";

/** An answer is cut when it is so much longer than the right one: a model that does not stop must not hold the run up. */
const mostTokens = (right: number): number => 2 * right + 32;

export interface RunAnswersParts {
  model: Pick<LoadedModel, "config" | "pictures" | "preparation" | "eosIds">;
  store: Store;
  runId: string;
  recipe: Pick<Recipe, "evalAnswers">;
  /** The held-out rows, and how one is read; undefined for a row that cannot be used. */
  rows: Dataset;
  read(i: number): Promise<Example | undefined>;
  /** Positions of rows that somebody picked, in place of some of all. */
  picked: readonly number[] | undefined;
  judging: Judging | undefined;
  answering: Answering;
  /** Told what people should know. */
  tell(words: string): void;
}

export interface AnsweredStep {
  answers: StepAnswers;
  /** Of the rows with a right answer; none where there is no such row. */
  figures: Record<string, number>;
  /** Rows that the figures are of. */
  judged: number;
}

type Begun = Pick<BegunEvaluation, "asked" | "answers">;

/** How an evaluation answers rows. */
interface Answers {
  /** What was answered before it was cut off: only the rest is asked, where the rows are the same. */
  before: Begun | undefined;
  /** Asked before each row and token. */
  goOn: () => Promise<boolean>;
  /** Keeps what is answered, before each row. */
  keep: (begun: Begun) => Promise<void>;
  /** Hears how many are answered. */
  onAnswer: (done: number, of: number) => void;
}

export class RunAnswers {
  readonly #parts: RunAnswersParts;
  readonly #tokenizer: ReturnType<typeof tokenizerOf>;
  /** Rows that are asked, and which of the held-out rows each is. */
  #asked: (AskedRows & { numbers: number[] }) | undefined;

  constructor(parts: RunAnswersParts) {
    this.#parts = parts;
    this.#tokenizer = tokenizerOf(parts.model.preparation);
  }

  /** What was asked before the run was interrupted is asked again. */
  async restore(): Promise<void> {
    const { store, runId, rows, judging } = this.#parts;
    const kept = await readAskedRows(store, runId);
    if (!kept) return;
    const numberAt = numbersByPosition(rows);
    const numbers = kept.rows.map(({ position }) => numberAt.get(position) ?? -1);
    this.#asked = { rows: kept.rows, metric: metricRecord(judging), numbers };
  }

  /** The rows that are asked; they are chosen, and kept, when they are first asked for. */
  async rows(): Promise<AskedRows> {
    return this.#chosen();
  }

  /** Every row's answer by the adapter as it is after `step` steps; undefined where `goOn` said no. */
  async run(step: number, { before, goOn, keep, onAnswer }: Answers): Promise<AnsweredStep | undefined> {
    const { judging } = this.#parts;
    const { rows, numbers } = await this.#chosen();
    const asked = rows.map(({ position }) => position);
    const same = before?.asked.join() === asked.join();
    const answers: GivenAnswer[] = same ? [...before!.answers] : [];
    for (const number of numbers.slice(answers.length)) {
      if (!(await goOn())) return undefined;
      await keep({ asked, answers });
      onAnswer(answers.length, numbers.length);
      const given = await this.#answer(number, goOn);
      if (!given) return undefined;
      answers.push(given);
    }
    const judged = rows.flatMap(({ right }, n) => {
      const { text, stopped } = answers[n]!;
      return judging && stopped !== null && fits(judging.metric, right) ? [{ n, given: text, right }] : [];
    });
    const verdict = judging && judge(judging.metric, judged);
    judged.forEach(({ n }, k) => {
      answers[n] = { ...answers[n]!, score: verdict!.scores[k]! };
    });
    return { answers: { step, answers }, figures: verdict?.figures ?? {}, judged: judged.length };
  }

  /** Undefined where it was stopped. */
  async #answer(number: number, goOn: () => Promise<boolean>): Promise<GivenAnswer | undefined> {
    const { answering, model } = this.#parts;
    const asked = await this.#ask(number);
    if (!asked) return { text: "", stopped: null, score: null };
    const { ids, stopped } = await answering.answer(asked.prompt, {
      maxNewTokens: mostTokens(asked.answerTokens),
      eosIds: model.eosIds,
      onToken: async () => !(await goOn()),
    });
    if (stopped === "user") return undefined;
    const text = this.#tokenizer.decode(ids).trim();
    return { text, stopped: stopped === "eos" ? "eos" : "length", score: null };
  }

  /** Undefined for a row that cannot be read, asks nothing, or has no room for an answer. */
  async #ask(number: number): Promise<(HeldQuestion & { example: Example }) | undefined> {
    const { read, model, answering } = this.#parts;
    const example = number < 0 ? undefined : await read(number);
    const asked = example && heldQuestion(example, model.config);
    return asked && asked.prompt.inputIds.length < answering.room.tokens ? { ...asked, example } : undefined;
  }

  async #chosen(): Promise<AskedRows & { numbers: number[] }> {
    this.#asked ??= await this.#choose();
    return this.#asked;
  }

  async #choose(): Promise<AskedRows & { numbers: number[] }> {
    const { store, runId, rows, judging, tell, model } = this.#parts;
    const asked: AskedRow[] = [];
    const numbers: number[] = [];
    const pictures = [];
    const { wanted, order } = this.#order();
    let unasked = 0;
    for (const number of order) {
      if (numbers.length === wanted) break;
      const held = await this.#ask(number);
      if (!held) {
        unasked += 1;
        continue;
      }
      const { text: question, right } = conversationQuestion((await rows.textsOf(number)) ?? { messages: [] });
      numbers.push(number);
      asked.push({
        position: rows.positionOf(number),
        source: (await rows.sourceOf(number)) ?? `row ${rows.positionOf(number) + 1}`,
        question,
        right,
      });
      pictures.push(thumbnailOf(held.example, model.pictures, THUMBNAIL));
    }
    if (unasked > 0) tell(`${counted(unasked, "held-out row")} could not be asked: without an answer, or too long.`);
    const mute = asked.filter(({ right }) => !judging || !fits(judging.metric, right)).length;
    if (judging && mute > 0)
      tell(`${mute} of the ${counted(asked.length, "answered row")} cannot be judged by ${judging.metric.name}.`);
    const record: AskedRows = { rows: asked, metric: metricRecord(judging) };
    await writeAskedRows(store, runId, record, pictures);
    return { ...record, numbers };
  }

  /** Numbers of held-out rows in the order in which they are tried: those that were picked; else some from all over, then the others. */
  #order(): { wanted: number; order: number[] } {
    const { rows, recipe, picked } = this.#parts;
    if (picked) return { wanted: picked.length, order: pickedNumbers(rows, picked) };
    const wanted = Math.min(recipe.evalAnswers, rows.rows);
    const spread = Array.from({ length: wanted }, (_, k) => Math.floor(((k + 0.5) * rows.rows) / wanted));
    const others = Array.from({ length: rows.rows }, (_, i) => i).filter((i) => !spread.includes(i));
    return { wanted, order: [...spread, ...others] };
  }
}

const metricRecord = (judging: Judging | undefined): AskedRows["metric"] =>
  judging ? { name: judging.metric.name, words: judging.metric.words } : null;

const numbersByPosition = (rows: Pick<Dataset, "rows" | "positionOf">): Map<number, number> =>
  new Map(Array.from({ length: rows.rows }, (_, i) => [rows.positionOf(i), i]));

/** Throws TabTuneError "bad-argument" for a row that is not held out. */
export function pickedNumbers(rows: Pick<Dataset, "rows" | "positionOf">, picked: readonly number[]): number[] {
  const numberAt = numbersByPosition(rows);
  const other = picked.find((position) => !numberAt.has(position));
  if (other === undefined) return picked.map((position) => numberAt.get(position)!);
  throw new TabTuneError(
    "bad-argument",
    `Row ${other} was picked to be answered, and it is not held out.`,
    "Pick among the held-out rows.",
  );
}
