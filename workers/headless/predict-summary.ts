/** What `predict` says when it is done: how many rows, and how right the answers are. */
import { measured } from "../apply/measure.ts";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { confusionsOf } from "../metrics/classes.ts";
import { type FieldTally, fieldTallies } from "../metrics/json-fields.ts";
import type { Metric } from "../metrics/metric.ts";
import { counted, listed } from "../words.ts";

/** Worst rows that are named. */
const WORST = 5;
/** Confusions that are named. */
const CONFUSED = 5;
/** Fields that are named. */
const FIELDS = 8;

interface SummaryOptions {
  /** As the command line says; else the one that the right answers ask for. */
  metric: Metric | undefined;
  /** Rows without an answer, told one by one before. */
  unanswered: number;
  maxNewTokens: number;
}

/** Sentences, and last one JSON object with all of it. At least one row was answered. */
export function summaryOf(
  answered: readonly AnsweredRow[],
  { metric, unanswered, maxNewTokens }: SummaryOptions,
): string[] {
  const { known, empty, cut, choice, judged } = measured(answered, metric);
  const lines = [
    `${counted(answered.length, "row")} answered; ${unanswered === 0 ? "none" : counted(unanswered, "row")} could not be.`,
  ];
  if (cut > 0)
    lines.push(
      `${counted(cut, "answer")} ${cut === 1 ? "was" : "were"} cut off at ${counted(maxNewTokens, "token")} or where the model's positions end; --max-new-tokens allows more.`,
    );
  if (empty > 0)
    lines.push(
      `${counted(empty, "row has", "rows have")} an empty right answer and ${empty === 1 ? "is" : "are"} not measured.`,
    );
  const facts = { rows: answered.length + unanswered, answered: answered.length, not_answered: unanswered, cut };
  if (!choice || !judged) {
    lines.push("No row has a right answer, so nothing is measured.");
    return [...lines, JSON.stringify(facts)];
  }
  const figures = Object.entries(judged.figures).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  lines.push(
    `${figures.join(", ")} on ${counted(known.length, "row")} with a right answer. ${choice.metric.name} is ${choice.metric.words}. ${choice.reason}`,
  );
  if (choice.metric.name === "accuracy") lines.push(...confused(known));
  const asked = known.map(({ answer, right }) => ({ given: answer, right }));
  const fields = choice.metric.name === "json_fields" ? fieldTallies(asked) : undefined;
  if (fields) lines.push(...fieldWords(fields));
  const worst = judged.worst.filter((i) => judged.scores[i]! < 1).map((i) => `row ${known[i]!.row}`);
  if (worst.length > 0) lines.push(`Not wholly right, worst first: ${listed(worst, WORST)}.`);
  return [
    ...lines,
    JSON.stringify({
      ...{ ...facts, judged: known.length, metric: choice.metric.name, figures: judged.figures },
      ...(fields ? { fields } : {}),
    }),
  ];
}

/** Which fields are right least often. */
function fieldWords(fields: readonly FieldTally[]): string[] {
  const known = fields.filter(({ right, wrong, missing }) => right + wrong + missing > 0);
  const share = ({ right, wrong, missing }: FieldTally): number => right / (right + wrong + missing);
  const worst = known.toSorted((a, b) => share(a) - share(b)).filter((field) => share(field) < 1);
  const told = worst.map((tally) => {
    const { field, right, wrong, missing } = tally;
    return `${field || "the whole answer"} ${Number(share(tally).toPrecision(3))} (${right} of ${right + wrong + missing}, ${missing} missing)`;
  });
  return told.length === 0 ? [] : [`Fields by how often they are right, worst first: ${listed(told, FIELDS)}.`];
}

/** The most frequent confusions. */
function confused(known: readonly AnsweredRow[]): string[] {
  const { classes, counts } = confusionsOf(known.map(({ answer, right }) => ({ given: answer, right })));
  const pairs = counts.flatMap((row, i) =>
    row.flatMap((count, j) =>
      i === j || count === 0
        ? []
        : [
            {
              count,
              words: `"${classes[i]}" as ${classes[j] === undefined ? "no class" : `"${classes[j]}"`} ${count} times`,
            },
          ],
    ),
  );
  if (pairs.length === 0) return [];
  const most = pairs.sort((a, b) => b.count - a.count).map(({ words }) => words);
  return [`Confused: ${listed(most, CONFUSED)}.`];
}
