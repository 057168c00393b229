/** Which metric fits a task, found from its right answers: a proposal with its reason, for a person to change. */
import { counted } from "../words.ts";
import { median } from "./averages.ts";
import { hasBoxes } from "./boxes.ts";
import { jsonIn } from "./json-fields.ts";
import type { Metric, MetricName } from "./metric.ts";
import { metrics } from "./metrics.ts";
import { rougeTokens } from "./rouge-l.ts";
import { countsOf, wordsIn } from "./text.ts";
import { answerKey } from "./vqa.ts";

export interface Choice {
  metric: Metric;
  /** A sentence: what of the answers decided. */
  reason: string;
}

/** "Nearly all" and "most", so that a few odd rows change nothing. */
const NEARLY_ALL = 0.9;
const MOST = 0.5;
/** VQA accuracy asks for three others who said the same. */
const VOTES = 4;
/** A class is something that comes again: so few, each so often. */
const CLASSES = 20;
const ROWS_A_CLASS = 4;
/** Answers of so many words or fewer are named exactly, or in words that may stand in any order. */
const EXACT_WORDS = 2;
const FEW_WORDS = 8;

/** @param answers right answers of each row; rows without one say nothing. Undefined where no row has one. */
export function chooseMetric(answers: readonly (readonly string[])[]): Choice | undefined {
  const rows = answers.filter((right) => right.length > 0);
  if (rows.length === 0) return undefined;
  const share = (holds: (right: readonly string[]) => boolean): number => rows.filter(holds).length / rows.length;
  const shareOfFirst = (holds: (answer: string) => boolean): number => share(([first]) => holds(first!));
  const percent = (part: number): string => `${Math.floor(100 * part)} %`;
  const chosen = (name: MetricName, reason: string): Choice => ({ metric: metrics[name], reason });

  const withBoxes = shareOfFirst(hasBoxes);
  // A picture on which there is nothing has an empty list.
  const listed = shareOfFirst((answer) => /^\s*\[\s*\]\s*$/.test(answer) || hasBoxes(answer));
  if (withBoxes > MOST && listed >= NEARLY_ALL)
    return chosen("box_iou", `${percent(withBoxes)} of the right answers have boxes.`);
  const structured = shareOfFirst(isStructured);
  if (structured >= NEARLY_ALL) return chosen("json_fields", `${percent(structured)} of the right answers are JSON.`);
  const voted = share((right) => right.length >= VOTES);
  if (voted > MOST) {
    const people = median(rows.map((right) => right.length));
    return chosen("vqa_accuracy", `Most rows have several people's answers, a median of ${people}.`);
  }
  const classes = countsOf(rows.map(([first]) => answerKey(first!))).size;
  if (classes > 1 && classes <= CLASSES && rows.length >= ROWS_A_CLASS * classes)
    return chosen("accuracy", `The ${rows.length} right answers are only ${classes} different ones.`);
  return chosenByLength(
    rows.map(([first]) => first!),
    chosen,
  );
}

/** Of answers that are free text. */
function chosenByLength(answers: readonly string[], chosen: (name: MetricName, reason: string) => Choice): Choice {
  const share = (holds: (answer: string) => boolean): number => answers.filter(holds).length / answers.length;
  const words = median(answers.map((answer) => wordsIn(answer).length));
  const long = words > FEW_WORDS;
  const length = `The right answers have a median of ${counted(words, "word")}`;
  if (!long && share(isReadText) > MOST)
    return chosen(
      "anls",
      "Most right answers are codes, dates or amounts, where a wrong character is a small mistake.",
    );
  if (share(hasNoSpaces) > MOST)
    return chosen(
      "anls",
      "Most right answers are in a script without spaces, so that characters are compared and not words.",
    );
  if (words <= EXACT_WORDS) return chosen("exact_match", `${length}: an answer is right or it is not.`);
  if (!long) return chosen("token_f1", `${length}: some of them may be right.`);
  if (share((answer) => lettersOf(answer) > 2 * rougeTokens(answer).join("").length) > MOST)
    return chosen("token_f1", `${length}, in a script that ROUGE does not read.`);
  return chosen("rouge_l", `${length}: sentences, whose words and their order are compared.`);
}

/** An object or a list; a bare number or text is JSON too, and says nothing. */
function isStructured(answer: string): boolean {
  const found = jsonIn(answer);
  return typeof found?.value === "object" && found.value !== null;
}

const lettersOf = (answer: string): number => answer.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/** Digits together with other characters, as in "$12.50", "12/05/2019" and "INV-2031"; a plain number is right or wrong. */
const isReadText = (answer: string): boolean => /\p{Nd}/u.test(answer) && !/^\s*[-+]?[\p{Nd}]+[.]?\s*$/u.test(answer);

/** Chinese, Japanese, Thai and their like: nothing there stands between two words. */
const hasNoSpaces = (answer: string): boolean =>
  (answer.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/gu)
    ?.length ?? 0) >
  lettersOf(answer) / 2;
