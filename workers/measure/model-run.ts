/** A model of random weights: room for it, its steps, its answers. */

import type { Example } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import { policyName } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import { initialLora } from "../models/lora-init.ts";
import { type MemoryPlan, planMemory } from "../models/memory-plan.ts";
import { measureAnswers } from "./answers.ts";
import { exampleOf } from "./example.ts";
import { type Context, LeftOut, roomFor, UsedUp } from "./parts.ts";
import { randomModel } from "./random-model.ts";
import type { Model } from "./report.ts";
import { type ModelCase, tooLargeForSoftware } from "./sizes.ts";
import { flopsOf, measureSteps } from "./steps.ts";

/** A step is guessed to reach this share of peak: one that would take longer than its part may is not begun, for nothing can stop it. */
const GUESSED_SHARE = 0.2;

const loraOf = ({ rank }: ModelCase) => ({ rank, alpha: 16, useRslora: false });

/** Why a model is not tried on this adapter. */
export const reasonToSkip = (c: Context, m: ModelCase): string | undefined =>
  c.gpu.facts.software && tooLargeForSoftware(m)
    ? "a software adapter would take a quarter of an hour or more for a step of a model of this size."
    : undefined;

function planOf(m: ModelCase, examples: Example[]): MemoryPlan {
  const { config, tensors, quant, batchSize } = m;
  const [first] = examples;
  return planMemory({
    ...{ config, tensors, quant, batchSize, lora: loraOf(m), accumulation: 1 },
    longest: first!.inputIds.length,
    tilesPerRow: first!.images[0]!.tiles,
  });
}

/** Measures it into `found.models`. Leaves it out, with the reason, where the adapter has no room or would take too long. */
export async function measureModel(c: Context, m: ModelCase): Promise<void> {
  const examples = Array.from({ length: m.batchSize }, (_, n) => exampleOf(m, n));
  const plan = planOf(m, examples);
  const limit = c.gpu.facts.maxStorageBufferBindingSize;
  if (plan.largest.bytes > limit)
    throw new LeftOut(
      `${plan.largest.label} needs a buffer of ${plan.largest.bytes} bytes; this adapter binds ${limit}.`,
    );
  const vocab = m.tensors.get("language_model.model.embed_tokens.weight")!.shape[0]!;
  const { executed } = flopsOf(m, examples, plan, vocab);
  const seconds = c.found.peak.f32 ? executed / c.found.peak.f32.perSecond / GUESSED_SHARE : 0;
  if (seconds > c.left())
    throw new UsedUp(`a step may take ${seconds.toFixed(0)} s here, and the part has ${c.left().toFixed(0)} s.`);

  const began = performance.now();
  const vlm = await roomFor(() => randomModel(c.gpu, m));
  const arena = new Arena(c.gpu, vlm.counters);
  const model: Model = {
    name: m.name,
    parameters: vlm.layout.parameters,
    rank: m.rank,
    plannedBytes: plan.totalBytes,
    allocatedBytes: 0,
    fillMs: performance.now() - began,
    policy: policyName(plan.capacity.policy, m.config.decoder.numLayers),
    step: null,
    decoding: null,
  };
  c.found.models.push(model);
  try {
    const adapter = await roomFor(() =>
      trialAllocation(c.gpu, () => allocateAdapter(arena, m.config, loraOf(m), { training: true })),
    );
    writeAdapter(vlm, adapter, (module) => {
      return initialLora(module.module, m.rank, module.inFeatures, module.outFeatures, 1);
    });
    await measureSteps(c, { m, model, plan, examples, vlm, adapter, vocab });
    c.check();
    await measureAnswers(c, m, model, vlm, adapter);
  } finally {
    arena.dispose();
    vlm.arena.dispose();
  }
}
