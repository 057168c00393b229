import { describe, expect, test } from "vitest";
import { adviceOnAnswers, type GivenAnswer } from "./answer-advice.ts";
import { loopOf } from "./loops.ts";

const ended = (answer: string): GivenAnswer => ({ answer, stopped: "eos" });
const cut = (answer: string): GivenAnswer => ({ answer, stopped: "length" });
const sentence = "A shark swims ahead of the ship while a snowflake falls behind it, and the sea is green.";

describe("loops", () => {
  test.each([
    [`It is a cat. ${"and the dog ".repeat(4)}and the`, "the and dog", 4],
    ["no no no no no no no", "no", 7],
    [`${sentence} `.repeat(3), sentence, 3],
    ["这是猫".repeat(8), "这是猫", 8],
  ])("%s", (text, phrase, times) => {
    const loop = loopOf(text)!;
    expect(loop.times).toBe(times);
    // Where the last time is cut the phrase begins elsewhere, and has the same words.
    const sorted = (words: string) => [...words.split(/[\s]+/)].sort().join(" ");
    expect(sorted(loop.phrase)).toBe(sorted(phrase));
  });
  test.each([
    "",
    "yes",
    "very, very, very good",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "a cat and a dog and a bird and a fish",
    sentence,
    `${sentence} ${sentence}`,
    "The answer is 10000000.",
  ])("none in “%s”", (text) => expect(loopOf(text)).toBeUndefined());
});

test("answers that ended and do not repeat need no advice", () => {
  expect(
    adviceOnAnswers([ended(sentence), ended("yes"), { answer: "", stopped: "user" }], { maxNewTokens: 64 }),
  ).toEqual([]);
  expect(adviceOnAnswers([], { maxNewTokens: 64 })).toEqual([]);
});

test("answers cut by length are counted, and twice the room would do", () => {
  const answers = [cut(sentence), ended("yes"), cut("A dog")];
  expect(adviceOnAnswers(answers, { maxNewTokens: 64 })).toEqual([
    {
      about: "answers that are cut",
      words: "2 of 3 answers were cut at 64 tokens, before the model had ended.",
      set: { max_new_tokens: 128 },
    },
  ]);
  expect(adviceOnAnswers([cut("A dog")], { maxNewTokens: 4096 })[0]).not.toHaveProperty("set");
});

test("more room is no help to a loop; a little chance is, and where there was some already it is the training", () => {
  const answers = [cut("the cat ".repeat(20)), ended("yes")];
  const [advice, ...others] = adviceOnAnswers(answers, { maxNewTokens: 64 });
  expect(others).toEqual([]);
  expect(advice).toMatchObject({ about: "answers that repeat", set: { temperature: 0.7 } });
  expect(advice!.words).toContain("1 of 2 answers repeats itself (“the cat” 20 times in a row)");
  const [sampled] = adviceOnAnswers(answers, { maxNewTokens: 64, temperature: 0.7 });
  expect(sampled).not.toHaveProperty("set");
  expect(sampled!.words).toContain("fewer steps");
});
