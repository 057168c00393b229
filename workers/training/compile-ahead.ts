/** What a run dispatches, compiled before it starts: it is recorded as the run will record it, over buffers that are only planned. */
import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import { allocateAdapter, learnsFromPictures } from "../models/adapter.ts";
import type { LoadedModel } from "../models/open.ts";
import { passDropout } from "../models/parts/lora.ts";
import { recordEvaluation, recordTraining } from "../models/pass.ts";
import { allocateStep } from "../models/step-buffers.ts";
import { recordConnector, recordTower, recordVisionBackward, type VisionPass } from "../models/vision.ts";
import type { Recipe } from "../recipe.ts";
import { loraSettings, onModel, type PlannedData } from "./plan.ts";
import { optimizerSettings, recordClear, recordUpdate } from "./update.ts";

export interface AheadOptions {
  recipe: Recipe;
  /** Without it rows are guessed. */
  data?: PlannedData | undefined;
}

/** Compiles the pipelines of a run of this recipe into the model's cache, and allocates nothing. */
export async function compileAhead(model: LoadedModel, options: AheadOptions): Promise<void> {
  const { pipelines } = model.vlm;
  const kernels = recorded(model, options).flatMap((recorder) => recorder.specs.map(({ kernel }) => kernel));
  await Promise.all(kernels.map((kernel) => pipelines.get(kernel)));
}

function recorded(model: LoadedModel, { data, ...given }: AheadOptions): Pick<Recorder, "specs">[] {
  const { vlm, config } = model;
  const { recipe, planOf } = onModel(model, given.recipe);
  const { capacity, tileCapacity } = planOf(data).memory;
  const settings = loraSettings(recipe);
  const planner = new Planner();
  const adapter = allocateAdapter(planner, config, settings, { training: true, optim: recipe.optim });
  const step = { config, weights: vlm.weights, adapter, capacity, tileCapacity };
  const { pass, vision: kept } = allocateStep(planner, step);
  const learns = learnsFromPictures(adapter);
  const pictures: VisionPass<never> = {
    ...{ config, weights: vlm.weights, kept, lora: adapter.vision, connector: adapter.connector, tiles: tileCapacity },
    dropout: passDropout<never>(settings, kept.tower.gradients?.dropped, { step: 0, first: 0 }),
  };
  const vision = new Recorder<never>(vlm.variants);
  recordTower(vision, pictures);
  recordConnector(vision, pass.imageFeatures, 0, pictures);
  if (learns) recordVisionBackward(vision, pass.gradients!.dx, pictures);
  const norm = planner.tensor("optimizer/norm", 4);
  return [
    vision,
    recordTraining(vlm, pass, adapter),
    ...(recipe.evalStrategy === "no" ? [] : [recordEvaluation(vlm, pass, adapter)]),
    recordClear(adapter),
    recordUpdate(adapter, optimizerSettings(recipe), norm, planner),
  ];
}
