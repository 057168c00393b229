import { expect, test } from "vitest";
import { parseRecipe } from "../recipe.ts";
import { judge, refuseUnknownMetric } from "./best.ts";
import type { EvaluationRecord } from "./events.ts";
import decisions from "./fixtures/best.json" with { type: "json" };

const evaluation = (step: number, name: string, value: number): EvaluationRecord => ({
  ...{ step, loss: name === "loss" ? value : 1, targetTokens: 1, rows: 1, seconds: 0 },
  metrics: name === "loss" ? {} : { [name]: value },
});

test("best step and early end are those of transformers on the same figures (reference/best_step.py)", () => {
  expect(decisions.filter(({ done }) => done.at(-1)!.ended).length).toBeGreaterThan(10);
  for (const { metric, greater, patience, values, done } of decisions) {
    const recipe = parseRecipe({
      ...{ eval_strategy: "steps", metric_for_best_model: metric },
      ...{ greater_is_better: greater, early_stopping_patience: patience },
    });
    const evaluations: EvaluationRecord[] = [];
    for (const [n, { step, best, ended }] of done.entries()) {
      evaluations.push(evaluation(step, metric.replace(/^eval_/, ""), values[n]!));
      const judged = judge(recipe, evaluations);
      expect(
        [step, judged.best?.step ?? null, judged.ended],
        JSON.stringify({ metric, greater, patience, values }),
      ).toEqual([step, best, ended]);
    }
  }
});

test("patience begins anew where a run was given more steps; what was best stays", () => {
  const recipe = parseRecipe({ eval_strategy: "steps", early_stopping_patience: 2 });
  const evaluations = [1, 2, 3].map((loss, n) => evaluation(10 + 10 * n, "loss", loss));
  expect(judge(recipe, evaluations)).toMatchObject({ best: { step: 10 }, ended: true });
  expect(judge(recipe, evaluations, 30)).toMatchObject({ best: { step: 10 }, ended: false });
  const later = [...evaluations, evaluation(40, "loss", 4), evaluation(50, "loss", 5)];
  expect(judge(recipe, later.slice(0, 4), 30).ended).toBe(false);
  expect(judge(recipe, later, 30)).toMatchObject({ best: { step: 10 }, ended: true });
});

test("a metric that no evaluation gives is refused by its name, before anything is trained", () => {
  const recipe = parseRecipe({ eval_strategy: "steps", metric_for_best_model: "eval_anls" });
  expect(() => refuseUnknownMetric(recipe, ["loss"])).toThrow(/metric_for_best_model is "eval_anls".*gives loss/);
  expect(() => refuseUnknownMetric(parseRecipe({ metric_for_best_model: "eval_loss" }), ["loss"])).not.toThrow();
});
