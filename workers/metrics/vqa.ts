/**
 * Short answers as the VQA evaluation compares them (github.com/GT-Vision-Lab/VQA, PythonEvaluationTools/vqaEvaluation/vqaEval.py,
 * Copyright (c) 2014 Aishwarya Agrawal, BSD 2-Clause): lower case, no articles, digits for number words, apostrophes where they belong,
 * and its own way with punctuation.
 */
import { meanOf } from "./averages.ts";
import { bestOf, type Metric, meanMetric } from "./metric.ts";
import { countsOf, stripped, wordsIn } from "./text.ts";

const MARKS = [...';/[]"{}()=+\\_-><@`,?!'];
const NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const digits = new Map([["none", "0"], ...NUMBER_WORDS.map((word, n): [string, string] => [word, String(n)])]);
const articles = new Set(["a", "an", "the"]);

/** Contractions that people write with an apostrophe missing: any one of those that are here. */
const CONTRACTIONS = `ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
  he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've o'clock oughtn't
  'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll
  someone's something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've they'll they're they've
  'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've
  why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've`;

const contractions = new Map(
  CONTRACTIONS.split(/\s+/).flatMap((whole) =>
    [...whole.matchAll(/'/g)].map(({ index }): [string, string] => [
      whole.slice(0, index) + whole.slice(index + 1),
      whole,
    ]),
  ),
);
// The evaluation's table has this one the other way round.
contractions.set("somebody'd", "somebodyd");

/** Of a text without marks at its ends; a mark inside of a word becomes a space unless the text has it beside a space, or digits around a comma. */
function withoutMarks(text: string): string {
  const groupedDigits = /\p{Nd},\p{Nd}/u.test(text);
  let out = text;
  for (const mark of MARKS) {
    const apart = text.includes(`${mark} `) || text.includes(` ${mark}`) || groupedDigits;
    out = out.replaceAll(mark, apart ? "" : " ");
  }
  // The evaluation passes a flag where a count is expected: the first 32 points go.
  let points = 0;
  return out.replace(/\.(?!\p{Nd})/gu, (point) => (++points <= 32 ? "" : point));
}

/** The evaluation looks at an answer on one line. */
const onOneLine = (text: string): string => stripped(text.replace(/[\n\t]/g, " "));

const joined = (words: readonly string[]): string => words.map((word) => contractions.get(word) ?? word).join(" ");
const wordsOf = (text: string): string[] =>
  wordsIn(withoutMarks(text).toLowerCase()).map((word) => digits.get(word) ?? word);

/** An answer on one line as the evaluation normalises it; `evaluate` there does not always do so (`vqaAccuracy`). */
export const normaliseAnswer = (text: string): string =>
  joined(wordsOf(onOneLine(text)).filter((word) => !articles.has(word)));

/** What equal answers have in common. An answer of nothing but articles keeps them: "A" of a multiple choice is no empty answer. */
export const answerKey = (text: string): string => normaliseAnswer(text) || joined(wordsOf(onOneLine(text)));

export const exactMatch: Metric = meanMetric({
  name: "exact_match",
  words:
    "the share of rows answered with exactly a right answer, apart from case, punctuation, articles and number words (as the VQA evaluation compares)",
  score: (given, right) => {
    const key = answerKey(given);
    return bestOf(right, (one) => (answerKey(one) === key ? 1 : 0));
  },
});

/**
 * The evaluation's formula: for each person who answered, a third for each of the others who said the same, at most 1; then the mean.
 * Where all of them agree the answers are compared as they are written.
 */
function vqaScore(given: string, right: readonly string[]): number {
  const lines = right.map(onOneLine);
  const agreed = new Set(lines).size === 1;
  const form = agreed ? (text: string): string => text : normaliseAnswer;
  const key = form(onOneLine(given));
  const said = lines.map(form);
  const same = countsOf(said).get(key) ?? 0;
  return meanOf(said.map((one) => Math.min(1, (one === key ? same - 1 : same) / 3)));
}

export const vqaAccuracy: Metric = meanMetric({
  name: "vqa_accuracy",
  words:
    "the VQA evaluation's accuracy: an answer that three of the other people gave is right, one that fewer gave counts a third for each of them",
  score: vqaScore,
});
