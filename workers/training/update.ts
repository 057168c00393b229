/** What ends an optimizer step on the GPU: the norm of all gradients, the clip coefficient, AdamW. */
import type { Arena, Planner, Tensor } from "../gpu/buffers.ts";
import { type Dims, Recorder } from "../gpu/program.ts";
import { adamw } from "../kernels/optimizer/adamw.ts";
import { adamw8bit, momentMaps } from "../kernels/optimizer/adamw-8bit.ts";
import { gradNorm, gradNormPartials } from "../kernels/optimizer/grad-norm.ts";
import { zero } from "../kernels/rows/copy.ts";
import type { Adapter } from "../models/adapter.ts";
import type { Recipe } from "../recipe.ts";

export interface OptimizerSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** 0 switches clipping off. */
  maxGradNorm: number;
}

export const optimizerSettings = (recipe: Recipe): OptimizerSettings => ({
  beta1: recipe.adamBeta1,
  beta2: recipe.adamBeta2,
  epsilon: recipe.adamEpsilon,
  weightDecay: recipe.weightDecay,
  maxGradNorm: recipe.maxGradNorm,
});

export function recordClear(adapter: Adapter): Recorder<never> {
  const recorder = new Recorder<never>();
  for (const grad of adapter.grads.slice(adapter.layers.length)) zero(recorder, { x: grad, count: grad.length });
  return recorder;
}

type UpdateDims = "learningRate" | "biasCorrection1" | "biasCorrection2Sqrt";

/** Norm of all gradients, clip coefficient, AdamW: one dispatch per layer slab. */
export function recordUpdate(
  adapter: Adapter,
  s: OptimizerSettings,
  norm: Tensor,
  arena: Arena | Planner,
): Recorder<UpdateDims> {
  const recorder = new Recorder<UpdateDims>();
  const partials = arena.tensor("optimizer/partials", gradNormPartials(adapter.grads.map((g) => g.length)));
  gradNorm(recorder, { partials, gradients: adapter.grads, out: norm, maxNorm: s.maxGradNorm });
  const maps = adapter.momentScales.length > 0 ? arena.upload("optimizer/maps", momentMaps()) : undefined;
  adapter.grads.forEach((grad, n) => {
    const common = {
      param: adapter.params[n]!,
      grad,
      count: grad.length,
      clip: norm,
      learningRate: (d: Dims<UpdateDims>) => d.learningRate,
      beta1: s.beta1,
      beta2: s.beta2,
      eps: s.epsilon,
      weightDecay: adapter.decays[n] ? s.weightDecay : 0,
      biasCorrection1: (d: Dims<UpdateDims>) => d.biasCorrection1,
      biasCorrection2Sqrt: (d: Dims<UpdateDims>) => d.biasCorrection2Sqrt,
    };
    const [first, second, absmax] = [adapter.firstMoments[n]!, adapter.secondMoments[n]!, adapter.momentScales[n]];
    if (maps && absmax) adamw8bit(recorder, { ...common, mCodes: first, vCodes: second, absmax, maps });
    else adamw(recorder, { ...common, m: first, v: second });
  });
  return recorder;
}
