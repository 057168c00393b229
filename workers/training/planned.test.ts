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

/** Bytes that a run asks the GPU for, and its plan. */
async function allocated(repo: string, changes: Record<string, unknown>) {
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
  const { capacity, tileCapacity, answerRows } = memory;
  const { trainOn } = recipe;
  const sizes = { capacity, tileCapacity, answerRows };
  const optimizer = optimizerSettings(recipe);
  await createTrainingStep(vlm, adapter, { ...sizes, optimizer, trainOn, evaluates: recipe.evalStrategy !== "no" });
  return { memory, bytes: vlm.counters.bytesAllocated };
}

test.each([
  ["bczhou/tiny-llava-v1-hf", {}],
  ["bczhou/tiny-llava-v1-hf", { target_modules: "all-linear" }],
  ["bczhou/tiny-llava-v1-hf", { gradient_checkpointing: false, quantize_modules: ["language_model", "vision_tower"] }],
  ["HuggingFaceTB/SmolVLM-256M-Instruct", { do_image_splitting: false }],
  ["llava-hf/llava-onevision-qwen2-0.5b-ov-hf", { modules_to_save: ["multi_modal_projector"] }],
])("%s %j", { timeout: 120_000 }, async (repo, changes) => {
  const { memory, bytes } = await allocated(repo, changes);
  expect(memory.answerBytes).toBe(0);
  expect(bytes - memory.totalBytes).toBeGreaterThanOrEqual(0);
  expect(bytes - memory.totalBytes).toBeLessThan(LEFT_OUT);
});

test.each([
  ["bczhou/tiny-llava-v1-hf", {}],
  ["bczhou/tiny-llava-v1-hf", { target_modules: "all-linear" }],
  ["HuggingFaceTB/SmolVLM-256M-Instruct", {}],
  ["llava-hf/llava-1.5-7b-hf", {}],
  ["llava-hf/llava-v1.6-vicuna-7b-hf", {}],
])(
  "%s %j with answers between the steps: as much more as the plan says",
  { timeout: 120_000 },
  async (repo, changes) => {
    const without = await allocated(repo, changes);
    const measured = await allocated(repo, { ...changes, eval_strategy: "steps", eval_answers: 0 });
    const answering = await allocated(repo, { ...changes, eval_strategy: "steps" });
    expect(measured.bytes).toBe(without.bytes);
    expect(answering.memory.answerBytes).toBeGreaterThan(0);
    expect(answering.bytes - without.bytes).toBe(answering.memory.answerBytes);
    expect(answering.memory.totalBytes - without.memory.totalBytes).toBe(answering.memory.answerBytes);
  },
);
