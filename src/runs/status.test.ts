import { expect, test } from "vitest";
import { deleteObstacle, exportObstacle, pushObstacle, signInObstacle, statusOf } from "./status.ts";

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

test("one export at a time", () => {
  expect(exportObstacle(true)).toBe("Another file of this run is being made.");
  expect(exportObstacle(false)).toBe("");
});

test("a run says where it goes on and how far it is", () => {
  const run = { status: "stopped", step: 12, maxSteps: 500 } as const;
  expect(statusOf(run, false)).toBe("stopped, step 12 of 500");
  expect(statusOf({ ...run, status: "running-elsewhere" }, false)).toBe("running in another tab, step 12 of 500");
  expect(statusOf({ ...run, status: "interrupted" }, true)).toBe("running, 12 of 500 steps");
});

test("a run that goes on somewhere is not deleted", () => {
  expect(deleteObstacle({ status: "stopped", here: true, busy: true })).toBe("This run is going on: stop it first.");
  expect(deleteObstacle({ status: "running-elsewhere", here: false, busy: false })).toMatch(/in another tab/);
  expect(deleteObstacle({ status: "done", here: false, busy: true })).toBe("It is being deleted or read.");
  expect(deleteObstacle({ status: "done", here: false, busy: false })).toBe("");
});
