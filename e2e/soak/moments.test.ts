import { expect, test } from "vitest";
import { KINDS, momentWords, planMoments } from "./moments.ts";

test("the same seed gives the same moments, another one others", () => {
  expect(planMoments(7, 500, 40)).toEqual(planMoments(7, 500, 40));
  expect(planMoments(8, 500, 40)).not.toEqual(planMoments(7, 500, 40));
});

test("moments have steps of their own, in order, and every kind comes as often as the others", () => {
  const moments = planMoments(1, 500, 41);
  const steps = moments.map(({ step }) => step);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  expect(steps[0]).toBeGreaterThanOrEqual(1);
  for (const kind of KINDS) expect(moments.slice(0, -1).filter((moment) => moment.kind === kind)).toHaveLength(8);
});

test("between two GPU crashes the browser is killed", () => {
  for (let seed = 0; seed < 50; seed++) {
    const kinds = planMoments(seed, 500, 40).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "kill" || kind === "gpu-crash").join(" ")).not.toContain(
      "gpu-crash gpu-crash",
    );
  }
});

test("the last moment falls into the writes behind the last step", () => {
  const last = planMoments(3, 16, 4).at(-1)!;
  expect(last).toMatchObject({ kind: "reload", step: 15, before: expect.any(RegExp) });
  expect(momentWords(last)).toMatch(/^reload at step 15, before write 1 that is/);
});

test("more moments than steps are refused", () => {
  expect(() => planMoments(1, 6, 4)).toThrow("4 moments do not fit into 6 steps.");
});
