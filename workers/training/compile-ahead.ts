/** What a run dispatches, compiled before it starts: it is recorded as the run will record it, over buffers that are only planned. */
import { Planner } from "../gpu/buffers.ts";
import type { Recorder } from "../gpu/program.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { recordDecode, recordPrefill } from "../models/chat-pass.ts";
import { recordStages } from "../models/encoder.ts";
import type { LoadedModel } from "../models/open.ts";
import { recordEvaluation, recordTraining } from "../models/pass.ts";
import { allocateStep } from "../models/step-buffers.ts";
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
  const { capacity, tileCapacity, answerRows } = planOf(data).memory;
  const planner = new Planner();
  const adapter = allocateAdapter(planner, config, loraSettings(recipe), { training: true, optim: recipe.optim });
  const step = { config, weights: vlm.weights, adapter, capacity, tileCapacity, answerRows };
  const { pass, vision, answers } = allocateStep(planner, step);
  const gradients = { dTokens: pass.gradients?.dx, deepstack: pass.dDeepstack };
  const { tower, connector, backward } = recordStages(vlm, vision, pass, { adapter, training: gradients });
  const norm = planner.tensor("optimizer/norm", 4);
  return [
    tower,
    connector,
    ...(backward ? [backward] : []),
    recordTraining(vlm, pass, adapter),
    ...(recipe.evalStrategy === "no" ? [] : [recordEvaluation(vlm, pass, adapter)]),
    ...(answers
      ? [recordPrefill(vlm, answers.b, answers.d, adapter), recordDecode(vlm, answers.b, answers.d, adapter)]
      : []),
    recordClear(adapter),
    recordUpdate(adapter, optimizerSettings(recipe), norm, planner),
  ];
}
