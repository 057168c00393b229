import { expect, test } from "vitest";
import { chooseMetric } from "./choose.ts";
import { metrics } from "./metrics.ts";

const one = (answers: string[]): string[][] => answers.map((answer) => [answer]);
const cycled = (answers: string[], rows: number): string[][] =>
  one(Array.from({ length: rows }, (_, i) => answers[i % answers.length]!));
const sentence = (i: number): string => `A photo of ${i} brown dogs that are running over a wide green field`;

test.each([
  [
    "box_iou",
    one(["[]", "[1, 2, 30, 40]", "[3, 2, 30, 40]", "[4, 2, 30, 40]"]),
    "75 % of the right answers have boxes.",
  ],
  ["box_iou", one(["[1, 2, 30, 40]", '{"bbox_2d": [1, 2, 3, 4]}']), "100 % of the right answers have boxes."],
  ["json_fields", one(['{"a": 1}', '[{"b": "x"}]']), "100 % of the right answers are JSON."],
  [
    "vqa_accuracy",
    Array.from({ length: 9 }, () => Array<string>(10).fill("yes")),
    "Most rows have several people's answers, a median of 10.",
  ],
  ["accuracy", cycled(["Yes", "no."], 8), "The 8 right answers are only 2 different ones."],
  [
    "exact_match",
    one(["Paris", "7", "blue car", "Rome"]),
    "The right answers have a median of 1 word: an answer is right or it is not.",
  ],
  ["exact_match", cycled(["cat"], 30), "The right answers have a median of 1 word: an answer is right or it is not."],
  [
    "anls",
    one(["$12.50", "12/05/2019", "INV-7", "Total"]),
    "Most right answers are codes, dates or amounts, where a wrong character is a small mistake.",
  ],
  [
    "anls",
    one(["東京タワーの下", "北京烤鸭"]),
    "Most right answers are in a script without spaces, so that characters are compared and not words.",
  ],
  [
    "token_f1",
    one(["on the left", "behind the big tree", "under a car"]),
    "The right answers have a median of 3 words: some of them may be right.",
  ],
  [
    "rouge_l",
    one([1, 2, 3].map(sentence)),
    "The right answers have a median of 14 words: sentences, whose words and their order are compared.",
  ],
  [
    "token_f1",
    one(Array(3).fill("На столе у окна стоит большая белая чашка с чаем")),
    "The right answers have a median of 10 words, in a script that ROUGE does not read.",
  ],
] as const)("%s is found from the answers", (name, answers, reason) => {
  expect(chooseMetric(answers)).toEqual({ metric: metrics[name], reason });
});

test("few classes need enough rows, and rows without a right answer say nothing", () => {
  expect(chooseMetric([...cycled(["yes", "no"], 7), [], []])?.metric.name).toBe("exact_match");
  expect(chooseMetric([...cycled(["yes", "no"], 8), [], []])?.metric.name).toBe("accuracy");
  expect(chooseMetric([[], []])).toBeUndefined();
  expect(chooseMetric([])).toBeUndefined();
});
