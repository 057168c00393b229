/** Random checkpoints of small models, for tests of the parts. */
import { newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { randomArray } from "../gpu/numbers.ts";
import type { TowerConfig, VlmConfig } from "../models/config.ts";
import { fillWeight } from "../models/fill-weights.ts";
import { TOWER } from "../models/names.ts";
import { towerWeights } from "../models/parts/tower.ts";
import { configOf, tensorsOf } from "../models/published.ts";
import { type TensorFacts, WeightBuilder } from "../models/weight-builder.ts";
import { bytesOf, elementsOf } from "../weights/formats/dtype.ts";
import type { Bench } from "./gpu.ts";

export type RandomTensors = ReadonlyMap<string, { shape: number[]; values: Float32Array }>;

/** Values of each F32 tensor of a checkpoint whose names begin with `part`, by its name in files. */
export function randomTensors(config: VlmConfig, part: string): RandomTensors {
  const own = [...tensorsOf(config, { dtype: "F32", vocab: 8 })].filter(([name]) => name.startsWith(part));
  return new Map(
    own.map(([name, { shape }], n) => {
      const values = randomArray(elementsOf(shape), n + 1, 0.5);
      // Norms are near one, as they are in a checkpoint.
      const isNorm = /norm\d?\.weight$/.test(name);
      return [name, { shape, values: isNorm ? values.map((value) => 1 + 0.3 * value) : values }];
    }),
  );
}

export const factsOf = (tensors: RandomTensors): Map<string, TensorFacts> =>
  new Map([...tensors].map(([name, { shape }]) => [name, { dtype: "F32", shape }]));

/** Puts the values of all tensors that were asked for into their places. */
export async function fillAll(gpu: Gpu, build: WeightBuilder, tensors: RandomTensors): Promise<void> {
  for (const [name, fill] of build.fills) {
    const content = { kind: "dense", dtype: "F32", bytes: bytesOf(tensors.get(name)!.values) } as const;
    await fillWeight(gpu, fill, content, newCounters());
  }
}

/** A vision tower of random weights, on the GPU, with its tensors and what asked for them. */
export async function randomTower({ gpu, arena }: Pick<Bench, "gpu" | "arena">, tower: TowerConfig) {
  const names = [["vision_tower.", ["vision_tower."]]] as const;
  const tensors = randomTensors({ ...configOf("bczhou/tiny-llava-v1-hf"), tower, names }, TOWER);
  const build = new WeightBuilder(arena, factsOf(tensors), names, undefined);
  const weights = towerWeights(build, tower);
  await fillAll(gpu, build, tensors);
  return { tensors, build, weights };
}
