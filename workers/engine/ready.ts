/**
 * What the first step of a run would wait for, done while somebody still looks at the data: the test of the kernels and the
 * pipelines of the recipe. A run waits for what has begun and does the rest itself.
 */
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import { compileAhead } from "../training/compile-ahead.ts";
import type { PlannedData } from "../training/plan.ts";
import type { EngineState } from "./state.ts";
import { tested } from "./tested.ts";

/**
 * Makes the model ready for a run of this recipe, out of everybody's way: it ends when its model goes, when a run starts, or when another
 * recipe is asked for, and what is compiled stays. Throws as the test does.
 */
export async function makeReady(
  s: EngineState,
  model: LoadedModel,
  request: { recipe: Recipe; data?: PlannedData | undefined },
): Promise<void> {
  s.wanted = request;
  const goesOn = (): boolean => s.wanted === request && s.model === model && s.runningId === undefined;
  const { passed } = await tested(s, model);
  if (!passed || !goesOn()) return;
  await compileAhead(model, request);
}
