import { expect, test } from "vitest";
import type { SidesRow } from "../stores/sides-rows.ts";
import {
  askObstacle,
  emptyWords,
  footnoteOn,
  nameOn,
  pairObstacle,
  settingsWords,
  spokenAnswer,
  spokenSide,
  systemHint,
} from "./status.ts";

test("what stands against a question, the nearest first", () => {
  expect(askObstacle({ model: false, training: false, busy: false })).toBe("Load a model first.");
  expect(askObstacle({ model: true, training: true, busy: true })).toBe("Pause the training to chat.");
  expect(askObstacle({ model: true, training: false, busy: true })).toBe("An answer is being written.");
  expect(askObstacle({ model: true, training: false, busy: false })).toBe("");
});

test("an empty conversation says what to do first", () => {
  expect(emptyWords({ model: false, attached: 1 })).toBe("Load a model to talk to it.");
  expect(emptyWords({ model: true, attached: 0 })).toBe("Attach, drop or paste a picture, and ask about it.");
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

const base = { key: "m base", name: "Base model" };
const voice = { key: "m r", name: "voice, step 4", adapter: { runId: "r" } };

test("two are asked who differ and can be had: beside a paused run only it, as it is now", () => {
  const two = { speakers: 3, left: base, right: voice, paused: undefined };
  expect(pairObstacle(two)).toBe("");
  expect(pairObstacle({ ...two, speakers: 1, right: undefined })).toMatch(/^There is no adapter/);
  expect(pairObstacle({ ...two, left: voice })).toBe("Pick two who differ.");
  expect(pairObstacle({ ...two, paused: "r" })).toBe("");
  expect(pairObstacle({ ...two, paused: "other" })).toMatch(/^While a run is paused/);
  const best = { ...voice, key: "m r best", adapter: { runId: "r", which: "best" as const } };
  expect(pairObstacle({ ...two, right: best, paused: "r" })).toMatch(/^While a run is paused/);
});

test("a row that hides who is who gives neither names nor speeds away, written or spoken", () => {
  const row = {
    hidden: true,
    left: { speaker: voice, text: "Ahoy!", ids: [1, 2], footnote: "2 tokens, 9.0 a second; 2 s to put the adapter on" },
    right: { speaker: base, text: "An" },
  } as unknown as SidesRow;
  expect([nameOn(row, "left"), footnoteOn(row, "left"), spokenSide(row)]).toEqual(["Left", "2 tokens", "Left: Ahoy!"]);
  const known = { ...row, hidden: false, right: { speaker: base, text: "An owl.", ids: [3], footnote: "1 token" } };
  expect([nameOn(known, "left"), footnoteOn(known, "right")]).toEqual(["Left: voice, step 4", "1 token"]);
  expect(spokenSide(known)).toBe("Right: Base model: An owl.");
  expect(spokenSide(undefined)).toBe("");
});

test("settings that are not as usual are seen without opening them; a template without a system role is told", () => {
  const usual = { temperature: 0, topP: 0.95, topK: 0, seed: undefined };
  expect(settingsWords("", usual)).toBe("System prompt and sampling");
  expect(settingsWords("Be short.", { ...usual, temperature: 0.7 })).toBe(
    "System prompt and sampling: “Be short.”, temperature 0.7",
  );
  const drawn = { temperature: 0.7, topP: 0.5, topK: 40, seed: 3 };
  expect(settingsWords("", drawn)).toBe("System prompt and sampling: temperature 0.7, top-k 40, top-p 0.50, seed 3");
  // Nothing is drawn.
  expect(settingsWords("", { ...drawn, temperature: 0 })).toBe("System prompt and sampling");
  expect(systemHint(true)).not.toContain("no system role");
  expect(systemHint(false)).toContain("This model's chat template has no system role");
});
