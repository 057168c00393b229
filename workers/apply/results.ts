/** What is said of a job's answers: figures, a page of rows, one job beside another. Nothing here reads or waits. */
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { type Confusions, confusionsOf } from "../metrics/classes.ts";
import { type FieldTally, fieldTallies } from "../metrics/json-fields.ts";
import type { Metric, MetricName } from "../metrics/metric.ts";
import { judge } from "../metrics/metrics.ts";
import type { JobEntry } from "./job.ts";
import { isAnswered } from "./log.ts";
import { type Measured, measured } from "./measure.ts";

/** Right answers that say which metric fits: it stays the same while further ones come, and a page does not wait for all. */
const CHOSEN_BY = 1000;
/** A table of more classes is read by nobody. */
const MOST_CLASSES = 20;
const MOST_FIELDS = 100;

/** "wrong": not wholly right, worst first; "cut": cut off by length. */
export type ShownAnswers = "all" | "wrong" | "cut" | "unanswered";

export interface ResultRow {
  /** In the index of the job's data; null of a row that the reader left out. */
  position: number | null;
  row: number;
  source: string;
  /** Undefined for a row without an answer. */
  answered: AnsweredRow | undefined;
  /** From 0 to 1; undefined where nothing is measured. */
  score: number | undefined;
  /** Why it has no answer; "" where it has. */
  message: string;
}

export interface Measure {
  metric: MetricName;
  /** What the metric counts, and why it was taken. */
  words: string;
  reason: string;
  /** By name, from 0 to 1, the metric's own first. */
  figures: Record<string, number>;
  /** Rows that it was measured by. */
  rows: number;
  /** Those of them that are not wholly right. */
  wrong: number;
  /** Which class was taken for which; null where there are none, or too many. */
  confusions: Confusions | null;
  /** How often each field of JSON answers was right; null of other answers, and of JSON with fields beyond number. */
  fields: FieldTally[] | null;
}

export interface JobResults {
  measure: Measure | null;
  /** Rows all of whose right answers are empty. */
  emptyRight: number;
  /** Rows that are shown under the filter. */
  total: number;
  rows: ResultRow[];
}

type Line = AnsweredRow & { position: number };

/** What was measured last of a list of entries, which only grows: a person who turns pages waits for nothing. */
const last = new WeakMap<readonly JobEntry[], { length: number; metric: Metric | undefined; found: Tabled }>();

/** With the tables that go with some metrics: they read every answer again. */
type Tabled = Measured<Line> & Pick<Measure, "confusions" | "fields">;

function measuredOf(entries: readonly JobEntry[], metric: Metric | undefined): Tabled {
  const before = last.get(entries);
  if (before?.length === entries.length && before.metric === metric) return before.found;
  const lines: Line[] = entries.flatMap((e) => (isAnswered(e) ? [{ ...e.answered, position: e.position }] : []));
  const of = measured(lines, metric, CHOSEN_BY);
  const found: Tabled = {
    ...of,
    confusions: of.choice?.metric.name === "accuracy" ? confusionsIn(of.known) : null,
    fields: of.choice?.metric.name === "json_fields" ? fieldsIn(of.known) : null,
  };
  last.set(entries, { length: entries.length, metric, found });
  return found;
}

/** @param metric as a person wants it; else the one that fits */
export function resultsOf(
  entries: readonly JobEntry[],
  metric: Metric | undefined,
  { show, from, count }: { show: ShownAnswers; from: number; count: number },
): JobResults {
  const { known, empty, choice, judged, confusions, fields } = measuredOf(entries, metric);
  const scores = new Map(known.map((line, i) => [line.position, judged!.scores[i]!]));
  const wrong = (judged?.worst ?? []).filter((i) => judged!.scores[i]! < 1);
  const shown: readonly JobEntry[] = {
    all: () => entries,
    wrong: () => {
      const byPosition = new Map(entries.map((entry) => [entry.position, entry]));
      return wrong.map((i) => byPosition.get(known[i]!.position)!);
    },
    cut: () => entries.filter((entry) => isAnswered(entry) && entry.answered.stopped !== "eos"),
    unanswered: () => entries.filter((entry) => !isAnswered(entry)),
  }[show]();
  return {
    measure:
      choice && judged
        ? {
            metric: choice.metric.name,
            words: choice.metric.words,
            reason:
              known.length > CHOSEN_BY && !metric ? `By the first ${CHOSEN_BY} rows: ${choice.reason}` : choice.reason,
            figures: judged.figures,
            rows: known.length,
            wrong: wrong.length,
            confusions,
            fields,
          }
        : null,
    emptyRight: empty,
    total: shown.length,
    rows: shown.slice(from, from + count).map((entry) => rowOf(entry, scores)),
  };
}

function rowOf(entry: JobEntry, scores: ReadonlyMap<number, number>): ResultRow {
  if (!isAnswered(entry)) return { ...entry, answered: undefined, score: undefined };
  const { position, answered } = entry;
  const { row, source } = answered;
  return { position, row, source, answered, score: scores.get(position), message: "" };
}

function confusionsIn(known: readonly Line[]): Confusions | null {
  const found = confusionsOf(known.map(({ answer, right }) => ({ given: answer, right })));
  return found.classes.length <= MOST_CLASSES ? found : null;
}

function fieldsIn(known: readonly Line[]): FieldTally[] | null {
  const found = fieldTallies(known.map(({ answer, right }) => ({ given: answer, right })));
  return found.length <= MOST_FIELDS ? found : null;
}

export interface JobComparison {
  metric: MetricName;
  /** Rows that both have answered and that have a right answer. */
  rows: number;
  /** Figures of the one and the other over these rows. */
  figures: [Record<string, number>, Record<string, number>];
  /** Rows whose score the second has raised, left or lowered. */
  better: number;
  equal: number;
  worse: number;
}

/** Two jobs over the same rows, by one metric; null where no row that both answered has a right answer. */
export function compared(
  one: readonly JobEntry[],
  other: readonly JobEntry[],
  metric: Metric | undefined,
): JobComparison | null {
  const theirs = new Map(other.flatMap((e) => (isAnswered(e) ? [[e.position, e.answered] as const] : [])));
  const both = one.filter(isAnswered).filter(({ position }) => theirs.has(position));
  const { known, choice, judged } = measured(
    both.map(({ position, answered }) => ({ ...answered, position })),
    metric,
    CHOSEN_BY,
  );
  if (!choice || !judged) return null;
  const second = judge(
    choice.metric,
    known.map(({ position, right }) => ({ given: theirs.get(position)!.answer, right })),
  )!;
  const differences = second.scores.map((score, i) => Math.sign(score - judged.scores[i]!));
  const countOf = (sign: number): number => differences.filter((d) => d === sign).length;
  return {
    metric: choice.metric.name,
    rows: known.length,
    figures: [judged.figures, second.figures],
    ...{ better: countOf(1), equal: countOf(0), worse: countOf(-1) },
  };
}
