import { expect, test } from "vitest";
import {
  bestWords,
  canResume,
  deleteObstacle,
  exportObstacle,
  hasEnded,
  lineageWords,
  moreObstacle,
  otherAdapter,
  pushObstacle,
  signInObstacle,
  statusOf,
} from "./status.ts";

test("what stands against a push, the nearest first", () => {
  expect(pushObstacle({ busy: true, repo: "", online: false })).toBe("Another file of this run is being made.");
  expect(pushObstacle({ busy: false, repo: "", online: false })).toBe("Give the result a name on the hub first.");
  expect(pushObstacle({ busy: false, repo: "ann/pets", online: false })).toBe("There is no network.");
  expect(pushObstacle({ busy: false, repo: "ann/pets", online: true })).toBe("");
});

test("what stands against signing in, the nearest first", () => {
  const free = { online: true, app: true, running: false, loading: false };
  expect(signInObstacle(free)).toBe("");
  expect(signInObstacle({ ...free, online: false, app: false })).toMatch(/^There is no network/);
  expect(signInObstacle({ ...free, app: false, running: true })).toMatch(/^This site is not registered/);
  expect(signInObstacle({ ...free, running: true, loading: true })).toMatch(/stop and save the run first/);
  expect(signInObstacle({ ...free, loading: true })).toMatch(/let the loading end first/);
});

test("more steps are for runs that are done, early or not, and were trained here", () => {
  expect(hasEnded({ status: "done", lineage: { more: [] } })).toBe(true);
  expect(hasEnded({ status: "stopped", lineage: { more: [] } })).toBe(false);
  expect(hasEnded({ status: "done", lineage: { more: [], imported: { untrainable: "", notes: [] } } })).toBe(false);
});

test("what was cut off is gone on with, also behind its last step; what ended is not", () => {
  expect(canResume({ status: "interrupted", step: 3, maxSteps: 8 })).toBe(true);
  expect(canResume({ status: "interrupted", step: 8, maxSteps: 8 })).toBe(true);
  expect(canResume({ status: "stopped", step: 3, maxSteps: 8 })).toBe(true);
  expect(canResume({ status: "stopped", step: 8, maxSteps: 8 })).toBe(false);
  expect(canResume({ status: "done", step: 8, maxSteps: 8 })).toBe(false);
  expect(canResume({ status: "running-elsewhere", step: 3, maxSteps: 8 })).toBe(false);
  // Nobody knows how long a run was to be whose record is damaged.
  expect(canResume({ status: "interrupted", step: 0, maxSteps: 0 })).toBe(false);
});

test("one export at a time", () => {
  expect(exportObstacle(true)).toBe("Another file of this run is being made.");
  expect(exportObstacle(false)).toBe("");
});

test("a run says where it goes on and how far it is", () => {
  const run = { status: "stopped" as const, step: 12, maxSteps: 500, lineage: { more: [] } };
  expect(statusOf(run, false)).toBe("stopped, step 12 of 500");
  expect(statusOf({ ...run, status: "running-elsewhere" }, false)).toBe("running in another tab, step 12 of 500");
  expect(statusOf({ ...run, status: "interrupted" }, true)).toBe("running, 12 of 500 steps");
  const lineage = { imported: { untrainable: "", notes: [] }, more: [] };
  expect(statusOf({ ...run, lineage }, false)).toBe("added as a file");
});

test("a run that goes on somewhere is not deleted", () => {
  expect(deleteObstacle({ status: "stopped", here: true, busy: true })).toBe("This run is going on: stop it first.");
  expect(deleteObstacle({ status: "running-elsewhere", here: false, busy: false })).toMatch(/in another tab/);
  expect(deleteObstacle({ status: "done", here: false, busy: true })).toBe("It is being deleted or read.");
  expect(deleteObstacle({ status: "done", here: false, busy: false })).toBe("");
});

test("a run says what it began with and how often it went on", () => {
  expect(lineageWords({ more: [] })).toBe("");
  const origin = { kind: "run", label: "tiny on icons", runId: "a", step: 20 } as const;
  expect(lineageWords({ origin, more: [{ at: 50, maxSteps: 80 }] })).toBe(
    "Began with the adapter of tiny on icons at step 20. After step 50 it went on to 80.",
  );
  expect(lineageWords({ origin: { ...origin, label: "voice", step: 0 }, more: [] })).toBe(
    "Began with the adapter voice.",
  );
  const imported = { untrainable: "", notes: ["It names another model."] };
  expect(lineageWords({ origin: { kind: "file", label: "voice" }, imported, more: [] })).toBe(
    "It names another model.",
  );
});

test("steps more are a whole number above 0", () => {
  expect([1, 500].map(moreObstacle)).toEqual(["", ""]);
  for (const steps of [0, -5, 1.5, Number.NaN, 2e6])
    expect(moreObstacle(steps)).toMatch(/whole number from 1 to 1000000/);
});

test("the best adapter and the last: what the run ends with is the one button, the other the second", () => {
  const run = { step: 60, best: { step: 40, value: 1.25 }, recipe: {} };
  expect(bestWords(run)).toBe(", best at step 40 (eval_loss 1.250)");
  expect(bestWords({ ...run, recipe: { metric_for_best_model: "eval_anls" } })).toContain("(eval_anls 1.250)");
  expect(otherAdapter(run)).toEqual({ which: "best", label: "Download best (step 40)" });
  const ends = { ...run, recipe: { load_best_model_at_end: true } };
  expect(otherAdapter(ends)).toEqual({ which: "last", label: "Download last (step 60)" });
  expect(otherAdapter({ ...ends, best: { step: 60, value: 1 } })).toBeUndefined();
  expect([bestWords({ step: 60, recipe: {} }), otherAdapter({ step: 60, recipe: {} })]).toEqual(["", undefined]);
});
