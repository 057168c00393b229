import { expect, test } from "vitest";
import type { Verdict, Vote } from "../../workers/chat/votes.ts";
import { speak } from "../words/index.ts";
import { tallies, tallyWords, voteWords } from "./tally.ts";

const base = { name: "Base model" };
const voice = { name: "voice, step 4", runId: "r" };
const other = { name: "other, step 2", runId: "o" };
const shown = { sha256: "", name: "a.png", type: "image/png", bytes: 1 };
const turns = [{ role: "user", text: "What is it?", pictures: [shown] }];
const vote = (left: object, right: object, verdict: Verdict, blind = true): Vote =>
  ({ left: { ...left, turns }, right: { ...right, turns }, verdict, blind }) as unknown as Vote;

test("votes of a pair add up, whoever stood on which side; an adapter is named before the base", () => {
  const votes = [
    vote(base, voice, "right"),
    vote(voice, base, "left"),
    vote(voice, base, "right", false),
    vote(base, voice, "equal"),
    vote(voice, other, "neither"),
    vote(base, voice, "neither"),
  ];
  expect(tallies(votes).map(tallyWords)).toEqual([
    "voice, step 4 preferred in 2 of 5, Base model in 1, 1 equal, 1 both bad; 4 of them blind.",
    "other, step 2 preferred in 0 of 1, voice, step 4 in 0, 1 both bad; all blind.",
  ]);
  expect(tallyWords(tallies([vote(base, voice, "right", false)])[0]!)).toBe(
    "voice, step 4 preferred in 1 of 1, Base model in 0; none blind.",
  );
});

test("a vote in words", () => {
  expect(voteWords(vote(base, voice, "right"))).toBe(
    "“What is it?” on 1 picture: voice, step 4 better (Base model left, voice, step 4 right)",
  );
  expect(voteWords(vote(base, voice, "neither"))).toContain("both bad");
});

test("votes of one pair add up whatever language they were given in", async () => {
  await speak("de");
  const votes = [vote(base, voice, "right"), vote({ name: "Basismodell" }, voice, "right")];
  expect(tallies(votes).map(tallyWords)).toEqual([
    "voice, step 4 in 2 von 2 vorgezogen, Basismodell in 0; alle verdeckt.",
  ]);
  await speak("en");
});
