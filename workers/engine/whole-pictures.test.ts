/**
 * A model that sees pictures whole, whose tokens have three positions (the case qwen3-vl): what its oracle in several-pictures.test.ts has
 * no numbers for. LoRA on all linears, whose gradients come through merger, DeepStack and tower; rows together and alone; a
 * conversation behind its cache; a run that was cut.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { createChat, type GenerateOptions, type Prompt } from "../chat/generate.ts";
import { packExamples } from "../data/batches/pack.ts";
import { concatPixels, type Example, labelsOf, tilesOf } from "../data/example.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import { accept, compare } from "../testing/compare.ts";
import {
  figuresOf,
  type Golden,
  type GoldenStep,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { maxDifference } from "../testing/pictures.ts";
import { createEvaluation } from "../training/step.ts";
import { toF32 } from "../weights/formats/dtype.ts";
import { readSafetensors } from "../weights/formats/safetensors.ts";

let golden: Golden;
let model: LoadedModel;
let examples: Example[];
beforeAll(async () => {
  golden = await openGolden("qwen3-vl");
  model = await loadGoldenModel(golden, recipeWith(golden, "a"));
  examples = await goldenExamples(golden, model);
});

describe("LoRA on all linears, everything in 4 bits", () => {
  const folder = fileURLToPath(new URL("../testing/goldens/qwen3-vl-all-linear/", import.meta.url));
  const { steps } = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as { steps: GoldenStep[] };
  const changes = {
    ...{ max_steps: 3, lora_r: 2, lora_alpha: 4, max_grad_norm: 1, load_in_4bit: true, target_modules: "all-linear" },
    quantize_modules: ["language_model", "multi_modal_projector", "vision_tower"],
  };
  const recipe = () => recipeWith(golden, "a", changes);

  test.each([
    ["activations kept", false],
    ["activations made anew", true],
  ])("losses and gradients are PEFT's, in tower, merger and DeepStack too: %s", async (_, checkpointing) => {
    const { tensors } = await readSafetensors(new Uint8Array(readFileSync(`${folder}golden.safetensors`)));
    const own: Golden = {
      ...golden,
      tensor: (key) => {
        const found = tensors.get(key);
        return found && toF32(found.data, found.dtype);
      },
    };
    const given = recipeWith(golden, "a", { ...changes, gradient_checkpointing: checkpointing });
    const quantised = await loadGoldenModel(golden, given);
    const finished = await runToEnd(quantised, given, {
      dataset: await goldenDataset(quantised, memoryStore(), await goldenFiles(golden)),
      gradientsOf: [1, 3],
      loraInit: goldenInit(own, "d"),
    });
    finished.records.forEach((record, i) => {
      expect(record.targetTokens).toBe(steps[i]!.n_targets);
      expect(Math.abs(record.loss - steps[i]!.loss), `loss of step ${i + 1}`).toBeLessThan(accept.loss);
      expect(Math.abs(record.gradNorm / steps[i]!.grad_norm - 1)).toBeLessThan(accept.gradNorm);
    });
    for (const step of [1, 3]) {
      const gradients = finished.gradients.get(step)!;
      const { error, count } = compare(own, `d/grad/step${step}`, gradients);
      // Four layers of seven linears, five of the tower of four, and four connectors of two.
      expect(gradients).toHaveLength(4 * 7 + 5 * 4 + 4 * 2);
      expect(count).toBe((step === 1 ? 1 : 2) * gradients.length);
      expect(error, `step ${step}`).toBeLessThan(step === 1 ? accept.firstGradients : accept.laterGradients);
    }
  });

  test("cut and resumed it is bit for bit the run that was not cut", async () => {
    const run = async (store: Store, options: { resume?: boolean; stopAfter?: number }) => {
      const own = await loadGoldenModel(golden, recipe());
      const dataset = await goldenDataset(own, store, await goldenFiles(golden));
      return runToEnd(own, recipe(), { store, dataset, ...options });
    };
    const whole = await run(memoryStore(), {});
    const store = memoryStore();
    const first = await run(store, { stopAfter: 2 });
    const second = await run(store, { resume: true });
    expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(whole));
    expect(outcomeOf(second)).toEqual(outcomeOf(whole));
  });
});

test("rows in one pack, with pictures of many sizes, have the losses that each has alone", async () => {
  const rows = examples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const tiles = tilesOf({ images: examples.flatMap(({ images }) => images) });
  const capacity = { rows, labelRows: rows, features: tiles * featuresPerTile(model.config) };
  const runner = await createEvaluation(model.vlm, { capacity, tileCapacity: tiles });
  const labels = examples.map((example) => labelsOf(example, "all-text"));
  const together = await runner.losses(packExamples(examples, labels));
  const alone: number[] = [];
  for (const [i, example] of examples.entries())
    alone.push(...(await runner.losses(packExamples([example], [labels[i]!]))));
  expect(new Set(examples.flatMap(({ images }) => images.map(({ tiles }) => tiles))).size).toBeGreaterThan(5);
  expect(maxDifference(together, Float32Array.from(alone))).toBeLessThan(1e-5);
  await runner.dispose();
});

describe("a chat", () => {
  const greedy = (onPrefill: (tokens: number) => void = () => undefined): GenerateOptions => ({
    ...{ maxNewTokens: 6, eosIds: [], temperature: 0, topP: 1, seed: 0, onPrefill },
  });
  const open = () => createChat(model.vlm, undefined, { contextRows: 500, tiles: 120 });
  const promptOf = ({ inputIds, images, pixels }: Example): Prompt => ({ inputIds, images, pixels });

  test("that goes on behind pictures answers from its cache as one that is read anew", async () => {
    const prompt = promptOf(examples.find(({ images }) => images.length === 3)!);
    const [chat, other] = [await open(), await open()];
    const first = await chat.generate(prompt, false, greedy());
    const next = { ...prompt, inputIds: Int32Array.from([...prompt.inputIds, ...first.ids, 20, 21, 22]) };
    const fed: number[] = [];
    const again = await chat.generate(
      next,
      false,
      greedy((tokens) => fed.push(tokens)),
    );
    expect(fed).toEqual([4]);
    expect((await other.generate(next, false, greedy())).ids).toEqual(again.ids);
    // Token by token it goes on where the answer to a longer prompt begins.
    const rest = await other.generate(
      { ...next, inputIds: Int32Array.from([...next.inputIds, ...again.ids.slice(0, 3)]) },
      false,
      {
        ...greedy(),
        maxNewTokens: 3,
      },
    );
    expect(rest.ids).toEqual(again.ids.slice(3));
    await chat.dispose();
    await other.dispose();
  });

  test("looks again at a plain picture that lies where it stood", async () => {
    const size = model.pictures.tileSize;
    const plain = (height: number, width: number) =>
      model.pictures.prepare({ height, width, rgbx: new Int32Array(height * width).fill(0x40a0ff) });
    const [upright, lying] = [plain(6 * size, 2 * size), plain(2 * size, 6 * size)];
    expect(lying.pixels).toEqual(upright.pixels);
    const ids = [20, ...Array(upright.tokens).fill(model.config.imageTokenId), 21, 22];
    const promptWith = (image: typeof upright): Prompt => ({
      ...{ inputIds: Int32Array.from(ids), images: [image], pixels: concatPixels([image]) },
    });
    const [chat, other] = [await open(), await open()];
    await chat.generate(promptWith(upright), false, greedy());
    const fed: number[] = [];
    const answer = await chat.generate(
      promptWith(lying),
      false,
      greedy((tokens) => fed.push(tokens)),
    );
    expect(fed).toEqual([ids.length]);
    expect((await other.generate(promptWith(lying), false, greedy())).ids).toEqual(answer.ids);
    await chat.dispose();
    await other.dispose();
  });
});
