/** What judges a run's answers where several people answered each row, and which rows it can judge. */
import { expect, test } from "vitest";
import { corrected } from "../data/index/changes.ts";
import type { Message } from "../data/rows/row.ts";
import { metrics } from "../metrics/metrics.ts";
import { parseRecipe } from "../recipe.ts";
import { conversationQuestion } from "./held-question.ts";
import { fits, judgingOf } from "./judging.ts";

const ten = ["pink", "red", "red", "red", "red", "rose", "red", "red", "red", "red"];
const apart = ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
const { vqa_accuracy } = metrics;

test("VQA accuracy judges rows of ten answers, those that people disagree on too, and none with one answer", () => {
  expect(fits(vqa_accuracy, ten)).toBe(true);
  expect(fits(vqa_accuracy, apart)).toBe(true);
  expect(fits(vqa_accuracy, ["red"])).toBe(false);
  expect(fits(vqa_accuracy, [])).toBe(false);
  expect(fits(metrics.exact_match, ["?!", "..."])).toBe(false);
  expect(fits(metrics.box_iou, ten)).toBe(false);
});

test.each([{ eval_metric: "vqa_accuracy" }, { metric_for_best_model: "eval_vqa_accuracy" }, {}])(
  "%j goes by it",
  (keys) => {
    const judging = judgingOf(parseRecipe(keys), [ten, apart, ["yes"]]);
    expect(judging?.metric.name).toBe("vqa_accuracy");
  },
);

const conversation = (answer: string, after: Message[] = []): Message[] => [
  { role: "user", content: [{ type: "image" }, { type: "text", text: "Which colour?" }] },
  { role: "assistant", content: [{ type: "text", text: answer }] },
  ...after,
];

test("all of them are right answers to the last question of a row, and only to that", () => {
  expect(conversationQuestion({ messages: conversation("red"), answers: ten })).toEqual({
    text: "Which colour?",
    right: ten,
  });
  const more: Message[] = [{ role: "user", content: [{ type: "text", text: "And now?" }] }];
  expect(conversationQuestion({ messages: conversation("red", more), answers: ten }).right).toEqual(["red"]);
});

test("a corrected answer that nobody gave is the only right one; a corrected question leaves the answers", () => {
  const row = { messages: conversation("red"), answers: ten };
  expect(corrected(row, undefined)).toBe(row);
  expect(conversationQuestion(corrected(row, conversation("green"))).right).toEqual(["green"]);
  expect(conversationQuestion(corrected(row, conversation("rose"))).right).toEqual(ten);
});
