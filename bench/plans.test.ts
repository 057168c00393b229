import { expect, test } from "vitest";
import { BASELINE_BINDING_BYTES } from "../workers/models/parts/head-weights.ts";

import { plans } from "./plans.ts";

const all = plans();
const named = all.map((p) => [`${p.model}, ${p.recipe}`, p] as const);

test.each(named)("%s: every buffer can be bound by any adapter, and no more is recomputed than once", (_, p) => {
  expect(p.largestBytes).toBeLessThanOrEqual(BASELINE_BINDING_BYTES);
  expect(p.executedToIdeal).toBeLessThan(1.45);
  expect(p.executedToIdeal === 1).toBe(p.policy.startsWith("keep") && !p.policy.includes(" of "));
});

test.each(named.filter(([, p]) => p.goalBytes))("%s: within its goal", (_, p) => {
  expect(p.totalBytes).toBeLessThanOrEqual(p.goalBytes!);
});

test("the quantised tower brings tiny-llava under the goal of the default recipe", () => {
  const plan = all.find((p) => p.model.startsWith("bczhou") && p.recipe === "vision tower in 4 bits")!;
  expect(plan.totalBytes).toBeLessThan(2.1e9);
});
