import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { costRows, evaluationCosts } from "./evaluation-cost.ts";

test("docs/measured.md says what an evaluation costs, as it is recorded", { timeout: 60_000 }, () => {
  const costs = evaluationCosts();
  const text = readFileSync(new URL("../docs/measured.md", import.meta.url), "utf8");
  for (const row of costRows(costs)) expect(text).toContain(row);
  // "about a third", and "less than a third of a step", as the text has it.
  for (const { trained, measured, answered, batch } of costs) {
    expect(measured.flops / trained.flops).toBeGreaterThan(0.28);
    expect(measured.flops / trained.flops).toBeLessThan(0.37);
    expect((6 * answered.flops) / (batch * trained.flops)).toBeLessThan(0.33);
  }
});
