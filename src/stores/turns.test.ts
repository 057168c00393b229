import { expect, test } from "vitest";
import {
  answersOf,
  canGoOn,
  completeAnswers,
  footnoteOf,
  historyOf,
  picturesFor,
  type Speaker,
  type Turn,
} from "./turns.ts";

const base: Speaker = { key: "m base", name: "Base model" };
const early: Speaker = { key: "m run", name: "Adapter, step 6", adapter: { runId: "run" } };
const late: Speaker = { ...early, name: "Adapter, step 12" };
const picture = { file: new File(["x"], "a.png"), url: "blob:a" };
const turn = (id: number, speaker: Speaker, text: string, pictures: Turn["pictures"] = []): Turn => ({
  id,
  role: id % 2 === 1 ? "user" : "assistant",
  text,
  pictures,
  speaker,
});
const turns = [
  turn(1, early, "What is it?", [picture]),
  turn(2, early, "Ahoy!"),
  turn(3, base, "What is it?", [picture]),
  turn(4, base, "An owl."),
  turn(5, late, "And now?"),
  turn(6, late, "Ahoy again!"),
];

test("each speaker goes on from its own words; a run that has trained on is the same speaker", () => {
  expect(historyOf(turns, base).map(({ text }) => text)).toEqual(["What is it?", "An owl."]);
  expect(historyOf(turns, late).map(({ text }) => text)).toEqual(["What is it?", "Ahoy!", "And now?", "Ahoy again!"]);
  expect(historyOf(turns, base)[0]).toEqual({ role: "user", text: "What is it?", pictures: [picture.file] });
});

test("who has seen nothing yet sees the picture that the others were asked about", () => {
  expect(picturesFor(turns.slice(0, 2), base)).toEqual([picture]);
  expect(picturesFor(turns, base)).toEqual([]);
  expect(picturesFor([], base)).toEqual([]);
});

test("an answer says how it ended, and goes on where it was cut", () => {
  const result = { text: "", ids: [1, 2, 3], tokens: 2, seconds: 0.5, changeSeconds: 0.2 };
  expect(footnoteOf({ ...result, stopped: "eos" })).toBe("3 tokens, 4.0 a second");
  expect(footnoteOf({ ...result, stopped: "length" })).toBe("3 tokens, 4.0 a second, cut at this length");
  expect(footnoteOf({ ...result, ids: [1], stopped: "user" })).toBe("1 token, 4.0 a second, stopped");
  expect(footnoteOf({ ...result, stopped: "eos", changeSeconds: 2.13 })).toBe(
    "3 tokens, 4.0 a second; 2.1 s to put the adapter on",
  );
  const ended = (stopped: Turn["stopped"]): Turn => ({ ...turns[1]!, stopped });
  expect([ended("length"), ended("user"), ended("full"), ended("eos"), turns[1]!].map(canGoOn)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("the answers that advice goes by: complete ones of who spoke last, cut ones at the room of now", () => {
  const ended = (id: number, speaker: Speaker, stopped: Turn["stopped"], ids: number[] = []): Turn => ({
    ...turn(id, speaker, `answer ${id}`),
    ...{ stopped, ids },
  });
  const said = [
    ended(2, base, "length", [1, 2, 3]),
    ended(4, early, "length", [1, 2, 3]),
    ended(6, late, "eos", [1]),
    turn(7, late, "And?"),
    turn(8, late, "still being writ"),
  ];
  expect(completeAnswers(answersOf(said), 3)).toEqual([
    { answer: "answer 4", stopped: "length" },
    { answer: "answer 6", stopped: "eos" },
  ]);
  // More room is given by now.
  expect(completeAnswers(answersOf(said), 6)[0]).toEqual({ answer: "answer 4", stopped: "user" });
  expect(answersOf([])).toEqual([]);
});
