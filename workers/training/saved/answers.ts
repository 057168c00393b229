/** What a model said to a run's held-out rows: the rows with their pictures, and the answers of each step that was evaluated. */
import * as v from "valibot";
import type { Shown } from "../../data/boxes/placed.ts";
import type { RowThumbnail } from "../../data/preview.ts";
import type { MetricName } from "../../metrics/metric.ts";
import { sealBytes, sealJson, unsealed } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { type Form, unsealAs } from "../../storage/unseal-as.ts";
import { runPrefix } from "./format.ts";

/** A held-out row that is answered. */
export interface AskedRow {
  /** In the index of the data. */
  position: number;
  /** Where it came from. */
  source: string;
  question: string;
  /** Right answers; none where the row has none in words. */
  right: readonly string[];
}

export interface GivenAnswer {
  text: string;
  /** "length": it was cut; null where the row could not be read. */
  stopped: "eos" | "length" | null;
  /** 0 to 1, by the run's metric; null where it is not judged. */
  score: number | null;
}

/** The answers after some step, in the order of the rows. */
export interface StepAnswers {
  step: number;
  answers: GivenAnswer[];
}

export interface AskedRows {
  rows: AskedRow[];
  /** Of each row, what its picture shows (`RowThumbnail.shown`); older versions kept none. */
  shown?: (Shown | null)[];
  /** What the answers are judged by, in words too; null where none has a right answer. */
  metric: { name: MetricName; words: string } | null;
}

/** All of it, as the page shows it. */
export interface RunAnswers extends AskedRows {
  /** Of each row; null where it shows none. */
  pictures: (RowThumbnail | null)[];
  /** Ascending. */
  steps: StepAnswers[];
}

export const askedRowsForm = v.looseObject({
  rows: v.array(v.looseObject({ position: v.number(), question: v.string(), right: v.array(v.string()) })),
  metric: v.nullable(v.looseObject({ name: v.string(), words: v.string() })),
  shown: v.optional(v.array(v.nullable(v.looseObject({})))),
});
/** The answers of step `step`. */
export const stepAnswersForm = (step: number): Form =>
  v.looseObject({ step: v.literal(step), answers: v.array(v.looseObject({ text: v.string() })) });

const answersPrefix = (runId: string): string => `${runPrefix(runId)}answers/`;
const rowsKey = (runId: string): string => `${answersPrefix(runId)}rows`;
const pictureKey = (runId: string, n: number): string => `${answersPrefix(runId)}picture/${n}`;
const stepsPrefix = (runId: string): string => `${answersPrefix(runId)}step/`;
const answersKey = (runId: string, step: number): string => `${stepsPrefix(runId)}${String(step).padStart(10, "0")}`;

/** Keeps which rows are asked, with their pictures; what an earlier choice left is gone. */
export async function writeAskedRows(
  store: Store,
  runId: string,
  asked: AskedRows,
  pictures: readonly (RowThumbnail | null)[],
): Promise<void> {
  await store.delete(await store.keys(answersPrefix(runId)));
  const entries: [string, Uint8Array][] = [];
  for (const [n, picture] of pictures.entries()) {
    if (picture) entries.push([pictureKey(runId, n), await sealBytes(withoutAlpha(picture))]);
  }
  const shown = pictures.map((picture) => picture?.shown ?? null);
  await store.set([...entries, [rowsKey(runId), await sealJson({ ...asked, shown })]], "strict");
}

/** Undefined for a run that answers none, and for a damaged record. */
export async function readAskedRows(store: Store, runId: string): Promise<AskedRows | undefined> {
  return unsealAs(askedRowsForm, await store.get(rowsKey(runId)));
}

/** As an entry of a write, so that answers and their figures are there together. */
export const answersEntry = async (runId: string, answers: StepAnswers): Promise<[string, Uint8Array]> => [
  answersKey(runId, answers.step),
  await sealJson(answers),
];

/** Answers of each step behind `after`, ascending; damaged ones are missing. */
async function readStepAnswers(store: Store, runId: string, after: number): Promise<StepAnswers[]> {
  const steps: StepAnswers[] = [];
  for (const key of await store.keys(stepsPrefix(runId))) {
    if (after >= 0 && key <= answersKey(runId, after)) continue;
    const form = stepAnswersForm(Number(key.slice(stepsPrefix(runId).length)));
    const answers = await unsealAs<StepAnswers>(form, await store.get(key));
    if (answers) steps.push(answers);
  }
  return steps;
}

/** Undefined for a run that answers no rows. `after`: only what was said behind that step, and no pictures. */
export async function readAnswers(store: Store, runId: string, after = -1): Promise<RunAnswers | undefined> {
  const asked = await readAskedRows(store, runId);
  if (!asked) return undefined;
  const wanted = after < 0 ? asked.rows : [];
  const pictures = await Promise.all(wanted.map((_, n) => readPicture(store, pictureKey(runId, n), asked.shown?.[n])));
  return { ...asked, pictures, steps: await readStepAnswers(store, runId, after) };
}

/** Drops the answers after `step`: a resumed run gives them again. */
export async function truncateAnswers(store: Store, runId: string, step: number): Promise<void> {
  await store.delete((await store.keys(stepsPrefix(runId))).filter((key) => key > answersKey(runId, step)));
}

/** One line a row and step: what `answers.jsonl` and the page's export have. */
export function toAnswerLines({ rows }: Pick<AskedRows, "rows">, { step, answers }: StepAnswers): string[] {
  return answers.map(({ text, stopped, score }, n) => {
    const { position, source, question, right } = rows[n]!;
    const known = right.length > 0 ? { right_answers: right } : {};
    return JSON.stringify({ step, row: position, source, question, answer: text, ...known, stopped, score });
  });
}

/** Pixels of a thumbnail's side, at most. */
export const THUMBNAIL = 224;

const withoutAlpha = ({ rgba }: RowThumbnail): Uint8Array =>
  Uint8Array.from({ length: (3 * rgba.length) / 4 }, (_, i) => rgba[4 * Math.floor(i / 3) + (i % 3)]!);

/** Null where there is none, and for a damaged one. */
async function readPicture(store: Store, key: string, shown: Shown | null | undefined): Promise<RowThumbnail | null> {
  const bytes = await store.get(key);
  return withAlpha(bytes && (await pictureBytes(bytes)), shown);
}

/** Shorter than a seal: what is left of one that was cut off. */
const LEAST_BARE = 65;

/** RGB of a stored picture, a square; undefined for a damaged one. Older versions did not seal it: its size is all that is known then. */
export async function pictureBytes(stored: Uint8Array): Promise<Uint8Array | undefined> {
  const rgb = await unsealed(stored);
  const isBare = rgb === stored;
  return rgb && rgb.length > 0 && Number.isInteger(Math.sqrt(rgb.length / 3)) && !(isBare && rgb.length < LEAST_BARE)
    ? rgb
    : undefined;
}

function withAlpha(rgb: Uint8Array | undefined, shown: Shown | null | undefined): RowThumbnail | null {
  if (!rgb) return null;
  const size = Math.sqrt(rgb.length / 3);
  const rgba = new Uint8ClampedArray(4 * size * size).fill(255);
  for (let p = 0; p < size * size; p++) rgba.set(rgb.subarray(3 * p, 3 * p + 3), 4 * p);
  return { size, rgba, ...(shown ? { shown } : {}) };
}
