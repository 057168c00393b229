import { afterEach, expect, test } from "vitest";
import type { GivenAnswer } from "../../workers/training/saved/answers.ts";
import { speak } from "../words/index.ts";
import { courseOf, judgeWords, markOf, rightWords } from "./answer-words.ts";

afterEach(() => speak("en"));

const answer = (score: number | null): GivenAnswer => ({ text: "a dot", score, stopped: "eos" });
const steps = [
  { step: 0, answers: [answer(0), answer(0), answer(null)] },
  { step: 100, answers: [answer(1), answer(0.5), answer(null)] },
];

test("ten people's answers are each shown once, the most frequent first", () => {
  expect(rightWords(["pink", "red", "red", "rose", "red"])).toBe("red ×3 / pink / rose");
  expect(rightWords(["A dot."])).toBe("A dot.");
});

test("how the answers went, of those that are judged", async () => {
  const course = "0 of 2 right before the first step, 1 of 2 right (75 % with 1 partly right) after step 100.";
  expect(courseOf({ steps })).toBe(course);
  expect(courseOf({ steps: steps.slice(0, 1) })).toBe("0 of 2 right before the first step.");
  expect(courseOf({ steps: [{ step: 0, answers: [answer(null)] }] })).toBe("");
  await speak("de");
  expect(courseOf({ steps })).toBe(
    "0 von 2 richtig vor dem ersten Schritt, 1 von 2 richtig (zu 75 % mit 1 teils richtigen) nach Schritt 100.",
  );
});

test("an answer is marked by its sign and its words", async () => {
  const marks = () => [answer(1), answer(0.25), answer(0), answer(null)].map((one) => markOf(one).words);
  expect(marks()).toEqual(["right", "25 % right", "wrong", "not judged"]);
  expect(markOf({ ...answer(null), stopped: null }).words).toBe("the row could not be read");
  await speak("de");
  expect(marks()).toEqual(["richtig", "zu 25 % richtig", "falsch", "nicht beurteilt"]);
});

test("what judges the answers, and that nothing does", async () => {
  const row = { position: 1, source: "a.csv", question: "", right: [] };
  const metric = { name: "anls" as const, words: "the likeness of letters" };
  expect(judgeWords({ rows: [row], metric: null })).toBe("1 held-out row; no row has a right answer to judge by.");
  const judged = { rows: [row, row], metric };
  expect(judgeWords(judged)).toBe("2 held-out rows, judged by anls: the likeness of letters.");
  await speak("de");
  expect(judgeWords(judged)).toBe("2 zurückgehaltene Zeilen, beurteilt nach anls: the likeness of letters.");
});
