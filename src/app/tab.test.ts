/** What the tab says of a run. */
import { expect, test } from "vitest";
import type { RunState } from "../../workers/training/events.ts";
import { iconOf, noticeOf, titleAtEnd } from "./tab.ts";

const run = (state: RunState, step = 50, maxSteps = 100) => ({ state, step, maxSteps });
const drawn = (state: RunState, step?: number): string => decodeURIComponent(iconOf(run(state, step)));

test("an icon for each state that has something to say", () => {
  expect(iconOf(run("idle"))).toBe("./icon.svg");
  expect(iconOf(run("stopped"))).toBe("./icon.svg");
  const states: RunState[] = ["training", "paused", "done", "failed"];
  expect(new Set(states.map((state) => drawn(state))).size).toBe(4);
  // Half of the ring's 62.8.
  expect(drawn("training")).toContain('stroke-dasharray="31.4 62.8"');
  // Not drawn anew for each step.
  expect(drawn("training", 51)).toBe(drawn("training", 50));
  expect(decodeURIComponent(iconOf(run("preparing", 0, 0)))).toContain('stroke-dasharray="0.0 62.8"');
});

test("the title speaks of the end only where nobody looks", () => {
  expect(titleAtEnd("done", true)).toBe("✓ Done – TabTune");
  expect(titleAtEnd("failed", true)).toBe("! Failed – TabTune");
  expect(titleAtEnd("done", false)).toBeUndefined();
  expect(titleAtEnd("training", true)).toBeUndefined();
});

test("a notice says how the run ended, and where", () => {
  expect(noticeOf(run("done", 100))).toEqual({ title: "TabTune: the run is done", body: "Step 100 of 100." });
  expect(noticeOf(run("failed", 7))?.title).toBe("TabTune: the run failed");
  expect(noticeOf(run("paused"))).toBeUndefined();
});
