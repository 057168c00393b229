import { expect, test } from "vitest";
import type { JobResults } from "../../workers/apply/results.ts";
import {
  answerObstacle,
  askedWords,
  filesWords,
  formObstacle,
  metricChoices,
  notesOn,
  resumeObstacle,
  statusOf,
  titleOf,
} from "./status.ts";

const free = {
  ...{ model: true, training: false, paused: false, adapter: false },
  ...{ preparing: false, going: false, chatting: false },
};
const progress = { answered: 12, unanswered: 2, cut: 0, seconds: 26, bytes: 0 };
const job: Parameters<typeof statusOf>[0] & object = {
  ...{ rows: 127, skipped: 1, status: "open", which: "all", datasetLabel: "the sample data", adapter: null },
  ...{ modelLabel: "tiny", maxNewTokens: 8, ...progress },
};

test("what stands against answering, the nearest first", () => {
  expect(answerObstacle(free)).toBe("");
  expect(answerObstacle({ ...free, model: false, training: true })).toBe("Load a model first.");
  expect(answerObstacle({ ...free, training: true, going: true })).toBe("Pause the training to answer rows.");
  expect(answerObstacle({ ...free, paused: true })).toBe("");
  expect(answerObstacle({ ...free, paused: true, adapter: true })).toMatch(/^Stop and save the training/);
  expect(answerObstacle({ ...free, going: true })).toMatch(/pause or stop that first/);
});

test("a job needs rows and a length, and goes on with its own model", () => {
  expect(formObstacle({ rows: 0, maxNewTokens: 8 })).toMatch(/^There are no rows/);
  expect(formObstacle({ rows: 3, maxNewTokens: Number.NaN })).toMatch(/whole number/);
  expect(formObstacle({ rows: undefined, maxNewTokens: 8 })).toBe("");
  const saved = { status: "open", modelId: "m", modelLabel: "tiny" } as const;
  expect(resumeObstacle(saved, "m")).toBe("");
  expect(resumeObstacle(saved, "other")).toBe("Load tiny first.");
  expect(resumeObstacle({ ...saved, status: "elsewhere" }, "m")).toMatch(/another tab/);
});

test("how far it is, with the time that is left once it can be told", () => {
  const going = { progress, done: 13, ending: false };
  expect(statusOf(undefined, undefined)).toBe("No rows have been answered yet.");
  expect(statusOf(job, going)).toBe("12 of 128 rows answered, 2 could not be, about 4 min left.");
  expect(statusOf(job, { ...going, done: 2 })).toBe("12 of 128 rows answered, 2 could not be.");
  expect(statusOf(job, { ...going, ending: true })).toMatch(/^Stopping\. 12 of 128/);
  expect(statusOf(job, undefined)).toBe("Paused: 12 of 128 rows answered, 2 could not be.");
  expect(statusOf({ ...job, status: "done", unanswered: 0 }, undefined)).toBe("Done: 12 of 128 rows answered.");
});

test("a job by its rows, who answers, and how it was asked", () => {
  expect(titleOf(job)).toBe("all rows of the sample data, by the base model (tiny)");
  const adapter = { runId: "r", step: 9, label: "voices" };
  expect(titleOf({ ...job, which: "held out", adapter })).toBe(
    "held-out rows of the sample data, by the adapter of voices at step 9",
  );
  expect(askedWords(job)).toBe("Each was asked its own question, for at most 8 tokens.");
  expect(askedWords({ ...job, prompt: "Red?" })).toMatch(/^All were asked “Red\?”/);
});

test("what was cut, left out and not measured is told with its count", () => {
  const results: JobResults = { measure: null, emptyRight: 2, total: 0, rows: [] };
  expect(notesOn(job, { ...progress, cut: 3 }, results)).toEqual([
    expect.stringMatching(/^3 answers were cut off at 8 tokens/),
    expect.stringMatching(/^2 rows could not be answered \(1 of them could not be read or prepared\)/),
    "2 rows have an empty right answer and are not measured.",
    "No row has a right answer, so nothing is measured.",
  ]);
  expect(notesOn({ ...job, skipped: 0 }, { ...progress, unanswered: 0 }, undefined)).toEqual([]);
});

test("the metric that was found stands first and can be changed", () => {
  expect(metricChoices("token_f1")[0]).toEqual(["", "found: token f1"]);
  expect(metricChoices(undefined)).toContainEqual(["anls", "anls"]);
});

test("files that are given again are told apart from those of a job", () => {
  const open = { which: "files", datasetId: "a", datasetLabel: "scans", status: "open" } as const;
  expect(filesWords({ id: "a", label: "scans" }, [open])).toMatch(/Resume answering/);
  expect(filesWords({ id: "b", label: "scans" }, [open])).toMatch(/they have changed.*job is kept/);
  expect(filesWords({ id: "b", label: "scans" }, [{ ...open, status: "done" }])).toBe("");
  expect(filesWords({ id: "b", label: "others" }, [open])).toBe("");
});
