/** Slots that take sums of features (LLaVA-OneVision's shrunk maps): what learns behind them has the gradient of finite differences. */
import { beforeAll, expect, test } from "vitest";
import { type Example, tilesOf } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { readAdapter, readTrained, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { randomArray, relativeError } from "../testing/gpu.ts";
import { createTrainingStep } from "./step.ts";

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 0 };
const RANK = 4;

let model: LoadedModel;
/** One picture of 25 tiles whose 12 x 24 features become 8 x 16, and one of 5 tiles that stays as it is. */
let batch: Example[];
const start = new Map<string, Float32Array>();
beforeAll(async () => {
  const golden = await openGolden("onevision");
  model = await loadGoldenModel(golden, recipeWith(golden, "a"));
  const examples = await goldenExamples(golden, model);
  batch = [examples[3]!, examples[8]!];
  expect(batch.map((example) => example.images.map(({ tokens }) => tokens))).toEqual([[88], [152]]);
  for (const linear of [1, 2])
    for (const part of ["weight", "bias"]) {
      const name = `multi_modal_projector.linear_${linear}.${part}`;
      start.set(name, await model.readTensor(name));
    }
}, 60_000);

type Values = ReadonlyMap<string, ArrayLike<number>>;
interface Variation {
  /** Tensors and matrices that are moved, and by how much each value. */
  moved?: Values;
  trainProjector: boolean;
  policy?: ActivationPolicy;
  tileCapacity?: number;
}

/** Loss of a step that changes nothing, and the gradients of all that lies behind the pictures. */
async function oneStep({ moved, trainProjector, policy = KEEP, tileCapacity = 30 }: Variation) {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const settings = { rank: RANK, alpha: 8, useRslora: false, targets: "all-linear" as const, trainProjector };
  const adapter = allocateAdapter(arena, model.config, settings, { training: true });
  const by = (name: string, values: Float32Array): Float32Array =>
    values.map((value, i) => value + (moved?.get(name)?.[i] ?? 0));
  writeAdapter(
    model.vlm,
    adapter,
    (m) => {
      const seed = m.slab * 100 + (m.aStart % 97);
      return {
        loraA: by(`${m.module}.lora_A`, randomArray(RANK * m.inFeatures, seed, 0.1)),
        loraB: by(`${m.module}.lora_B`, randomArray(RANK * m.outFeatures, seed + 1, 0.1)),
      };
    },
    (name) => by(name, start.get(name)!),
  );
  const rows = batch.reduce((sum, e) => sum + e.inputIds.length, 0);
  const tiles = batch.reduce((sum, e) => sum + tilesOf(e), 0);
  const step = await createTrainingStep(model.vlm, adapter, {
    capacity: { rows, labelRows: rows, features: tiles * featuresPerTile(model.config), policy },
    ...{ tileCapacity, optimizer, trainOn: "all-text" },
  });
  const gradients = new Map<string, Float32Array>();
  const { loss } = await step.run(batch, 1, 0, async () => {
    for (const { name, values } of await readTrained(model.vlm, adapter, adapter.grads)) gradients.set(name, values);
    for (const m of await readAdapter(model.vlm, adapter, adapter.grads)) {
      if (m.module.startsWith("language_model.")) continue;
      gradients.set(`${m.module}.lora_A`, m.loraA).set(`${m.module}.lora_B`, m.loraB);
    }
  });
  await step.dispose();
  arena.dispose();
  return { loss, gradients };
}

test.each([
  [true, ["multi_modal_projector.linear_1.weight", "multi_modal_projector.linear_2.bias"]],
  [false, ["multi_modal_projector.linear_2.lora_B", "vision_tower.vision_model.encoder.layers.1.mlp.fc2.lora_A"]],
] as const)(
  "finite differences, with the projector trained in full: %s",
  async (trainProjector, names) => {
    const { gradients } = await oneStep({ trainProjector });
    for (const name of names) {
      const gradient = gradients.get(name)!;
      const length = Math.hypot(...gradient);
      const at = (step: number) =>
        oneStep({ trainProjector, moved: new Map([[name, gradient.map((g) => (step * g) / length)]]) });
      const slope = ((await at(1e-2)).loss - (await at(-1e-2)).loss) / 2e-2;
      expect(Math.abs(slope / length - 1), `${name}: ${slope} against ${length}`).toBeLessThan(0.01);
    }
  },
  240_000,
);

test("recomputing, and tiles in pieces that cut sums apart, give the same gradients", async () => {
  const flat = ({ gradients }: Awaited<ReturnType<typeof oneStep>>) => [...gradients.values()].flatMap((v) => [...v]);
  for (const trainProjector of [true, false]) {
    const kept = flat(await oneStep({ trainProjector }));
    expect(flat(await oneStep({ trainProjector, policy: RECOMPUTE }))).toEqual(kept);
    expect(relativeError(flat(await oneStep({ trainProjector, tileCapacity: 3 })), kept)).toBeLessThan(2e-6);
  }
}, 240_000);
