import { expect, test } from "vitest";
import { askObstacle, emptyWords, spokenAnswer } from "./status.ts";

test("what stands against a question, the nearest first", () => {
  expect(askObstacle({ model: false, training: false, busy: false })).toBe("Load a model first.");
  expect(askObstacle({ model: true, training: true, busy: true })).toBe("Pause the training to chat.");
  expect(askObstacle({ model: true, training: false, busy: true })).toBe("An answer is being written.");
  expect(askObstacle({ model: true, training: false, busy: false })).toBe("");
});

test("an empty conversation says what to do first", () => {
  expect(emptyWords({ model: false, attached: 1 })).toBe("Load a model to talk to it.");
  expect(emptyWords({ model: true, attached: 0 })).toBe("Attach a picture and ask.");
  expect(emptyWords({ model: true, attached: 1 })).toBe("Now ask.");
});

test("an answer is spoken when it is complete, with who gave it", () => {
  const speaker = { key: "m base", name: "Base model" };
  const question = { role: "user", speaker, text: "What is it?" } as const;
  const answer = { role: "assistant", speaker, text: "A carrot." } as const;
  expect(spokenAnswer([])).toBe("");
  expect(spokenAnswer([question])).toBe("");
  expect(spokenAnswer([question, answer])).toBe("");
  expect(spokenAnswer([question, { ...answer, footnote: "4 tokens" }])).toBe("Base model: A carrot.");
});
