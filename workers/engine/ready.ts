/**
 * What the first step of a run would wait for, done while somebody still looks at the data: the test of the kernels, the tower on
 * onnxruntime-web, and the pipelines of the recipe. A run waits for what has begun and does the rest itself.
 */
import { Arena } from "../gpu/buffers.ts";
import type { LoadedModel } from "../models/open.ts";
import { allocateVision } from "../models/vision.ts";
import type { Recipe } from "../recipe.ts";
import { compileAhead } from "../training/compile-ahead.ts";
import type { PlannedData } from "../training/plan.ts";
import type { EngineState } from "./state.ts";
import { tested } from "./tested.ts";
import { openedTower, usesOrt } from "./tower.ts";

/**
 * Makes the model ready for a run of this recipe, out of everybody's way: it ends when its model goes, when a run starts, or when another
 * recipe is asked for, and what is compiled stays. Throws as the test does, and where onnxruntime-web does not start.
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
  const ownTower = s.tower !== undefined || !usesOrt(model);
  if (!ownTower) await warmTower(s, model);
  if (goesOn()) await compileAhead(model, { ...request, ownTower });
}

/** onnxruntime-web compiles when it runs for the first time. */
async function warmTower(s: EngineState, model: LoadedModel): Promise<void> {
  const { gpu, counters, config } = model.vlm;
  const fresh = s.opened === undefined;
  const tower = await openedTower(s, model);
  if (!fresh || s.model !== model) return;
  const arena = new Arena(gpu, counters);
  try {
    await tower.run(allocateVision(arena, config, 1), 1);
  } finally {
    arena.dispose();
  }
}
