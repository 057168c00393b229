import { expect, test } from "vitest";
import { nextStep, type PathState, placesOf } from "./path.ts";

const empty: PathState = {
  model: undefined,
  loading: undefined,
  offered: false,
  data: undefined,
  waiting: undefined,
  asked: false,
  preparing: undefined,
  run: { state: "idle", step: 0, maxSteps: 0 },
  runs: 0,
  interrupted: 0,
  failed: new Set(),
};
const model = "The demo model";
const data = { label: "the sample data", rows: 128 };
const ready = { ...empty, model, data };
const at = (state: PathState["run"]["state"], step = 12): PathState => ({
  ...ready,
  runs: 1,
  run: { state, step, maxSteps: 100 },
});
const standings = (state: PathState): string[] => placesOf(state).map(({ standing }) => standing);
const chosen = (state: PathState): string[] => placesOf(state).map((place) => place.chosen);

test("what is chosen, and how it stands", () => {
  expect(chosen(empty)).toEqual(["None loaded", "None chosen", "Not started", "No run yet"]);
  expect(standings(empty)).toEqual(["empty", "empty", "empty", "empty"]);
  expect(chosen(at("training"))).toEqual([model, "128 rows, the sample data", "12 of 100 steps", "1 run kept"]);
  expect(standings(at("training"))).toEqual(["ready", "ready", "working", "ready"]);
  expect(placesOf(at("training"))[2]!.share).toBe(0.12);
  expect(chosen(at("done", 100))[2]).toBe("Done, 100 of 100 steps");
  expect(standings(at("paused"))[2]).toBe("needs you");
  expect(placesOf({ ...empty, loading: { share: 0.5 } })[0]).toMatchObject({ standing: "working", share: 0.5 });
  expect(chosen({ ...empty, waiting: "icons.zip" })[1]).toBe("icons.zip");
  expect(chosen({ ...empty, preparing: { rows: 1 } })[1]).toBe("1 row read");
});

test("what waits for somebody says so, and what was good stays named", () => {
  const failed = (place: string): PathState => ({ ...ready, failed: new Set([place]) });
  expect(placesOf(failed("model"))[0]).toMatchObject({ chosen: model, standing: "needs you" });
  expect(placesOf(failed("data"))[1]).toMatchObject({ chosen: "128 rows, the sample data", standing: "needs you" });
  expect(standings(failed("training"))[2]).toBe("needs you");
  expect(standings(failed("chat"))[3]).toBe("needs you");
  expect(standings({ ...empty, offered: true })[0]).toBe("needs you");
  expect(standings({ ...ready, asked: true })[1]).toBe("needs you");
  expect(standings({ ...empty, runs: 2, interrupted: 1 })[3]).toBe("needs you");
  // The run of this tab is no interrupted one.
  expect(standings({ ...at("training"), interrupted: 1 })[3]).toBe("ready");
});

const next = (state: PathState): string => nextStep(state).address;

test("one next step in every state", () => {
  expect(next(empty)).toBe("model");
  expect(next({ ...empty, loading: { share: 0 } })).toBe("data");
  expect(next({ ...empty, loading: { share: 0 }, waiting: "icons.zip" })).toBe("model");
  expect(next({ ...empty, offered: true })).toBe("model");
  expect(next({ ...empty, data })).toBe("model");
  expect(next({ ...empty, model })).toBe("data");
  expect(next({ ...empty, model, preparing: { rows: 3 } })).toBe("data");
  expect(next(ready)).toBe("train");
  expect(next({ ...ready, asked: true })).toBe("data");
  for (const state of ["preparing", "training", "evaluating", "saving", "paused"] as const)
    expect(next(at(state))).toBe("train");
  for (const state of ["done", "stopped"] as const) expect(next(at(state))).toBe("result");
  expect(next(at("failed"))).toBe("train");
  expect(next({ ...ready, interrupted: 1 })).toBe("result");
  expect(next({ ...empty, interrupted: 1 })).toBe("model");
});
