/** The plan is the allocation: a run on a published model asks the GPU for what its plan says. No GPU has to have room for it. */
import { expect, test } from "vitest";
import { Arena } from "../gpu/buffers.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { allocateVlm } from "../models/load.ts";
import { configOf, modelOf, publishedPictures, publishedTensors } from "../models/published.ts";
import { parseRecipe } from "../recipe.ts";
import { fakeGpu } from "../testing/fake-device.ts";
import { loraSettings, onModel } from "./plan.ts";
import { createTrainingStep } from "./step.ts";
import { optimizerSettings } from "./update.ts";

/** What no plan counts: the parts of the gradient norm's sum. */
const LEFT_OUT = 100_000;

test.each([
  ["bczhou/tiny-llava-v1-hf", {}],
  ["bczhou/tiny-llava-v1-hf", { target_modules: "all-linear" }],
  ["bczhou/tiny-llava-v1-hf", { gradient_checkpointing: false, quantize_modules: ["language_model", "vision_tower"] }],
  ["HuggingFaceTB/SmolVLM-256M-Instruct", { do_image_splitting: false }],
  ["llava-hf/llava-onevision-qwen2-0.5b-ov-hf", { modules_to_save: ["multi_modal_projector"] }],
])("%s %j", { timeout: 120_000 }, async (repo, changes) => {
  const recipe = parseRecipe(changes);
  const [config, tensors] = [configOf(repo), publishedTensors(repo)];
  const quant = { type: "nf4", blockSize: 64, doubleQuant: false, modules: recipe.quantizeModules } as const;
  const pictures = publishedPictures(repo);
  const { vocab } = modelOf(repo);
  const planned = { config, quant, pictures, checkpoint: { tensors }, preparation: { vocab } };
  const { memory } = onModel(planned, recipe).planOf({ rows: 100, longest: 500, pictures: 1 });

  const { gpu } = fakeGpu(() => 0, false);
  const vlm = await allocateVlm(gpu, { config, quant, pictures }, tensors);
  const arena = new Arena(gpu, vlm.counters);
  const adapter = allocateAdapter(arena, config, loraSettings(recipe), { training: true, optim: recipe.optim });
  const { capacity, tileCapacity } = memory;
  const optimizer = optimizerSettings(recipe);
  await createTrainingStep(vlm, adapter, { capacity, tileCapacity, optimizer, trainOn: recipe.trainOn });
  const more = vlm.counters.bytesAllocated - memory.totalBytes;
  expect(more).toBeGreaterThanOrEqual(0);
  expect(more).toBeLessThan(LEFT_OUT);
});
