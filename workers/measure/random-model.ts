/** A model of random weights with the names, shapes and memory of a published one, made on the card. */

import { Arena, newCounters, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { Recorder } from "../gpu/program.ts";
import { allocateVlm, type ModelPlan } from "../models/load.ts";
import type { Vlm } from "../models/vlm.ts";
import type { Fill, TensorFacts } from "../models/weight-builder.ts";

import { elementsOf, f32ToF16 } from "../weights/formats/dtype.ts";
import { type RandomFill, randomFill, randomReference } from "./random-fill.ts";

/** Standard deviation of uniform numbers in [-1, 1), and of NF4's sixteen values. */
const UNIFORM = 1 / Math.sqrt(3);
const NF4 = 0.6;
/** A row of random host bytes is repeated: only its cost matters. */
const HOST_VALUES = 1 << 16;

/** Norms are about 1, biases small, tables 0.05, matrices scaled by their input width, so that activations keep their size. */
export function valuesOf(name: string, shape: number[]): { scale: number; offset: number } {
  if (/norm|layrnorm/.test(name) && name.endsWith("weight")) return { scale: 0.1, offset: 1 };
  if (shape.length === 1) return { scale: 0.02 / UNIFORM, offset: 0 };
  if (/embed_tokens|position_embedding/.test(name)) return { scale: 0.05 / UNIFORM, offset: 0 };
  const inSize = elementsOf(shape.slice(1));
  return { scale: 0.9 / Math.sqrt(inSize) / UNIFORM, offset: 0 };
}

function fillTensor(r: Recorder<never>, fill: Fill, { shape }: TensorFacts, name: string, seed: number): void {
  const values = valuesOf(name, shape);
  const count = elementsOf(shape);
  if (fill.kind === "4bit") {
    randomFill(r, fill.codes, { kind: "bits", seed }, fill.codesAt, count / 8);
    const absmax = (values.scale * UNIFORM) / NF4;
    const words = Math.ceil(count / fill.blockSize / (fill.absmaxFormat === "f16" ? 2 : 1));
    randomFill(
      r,
      fill.absmax,
      { kind: fill.absmaxFormat, seed: seed + 1, scale: absmax / 4, offset: absmax },
      fill.absmaxAt,
      words,
    );
  } else if (fill.kind === "dense") {
    const words = Math.ceil(fill.format === "f32" ? count : count / 2);
    randomFill(r, fill.data, { kind: fill.format, seed, ...values }, fill.at, words);
  } else if (fill.kind === "parts") {
    fill.parts.forEach((part, n) => {
      randomFill(r, part, { kind: fill.format, seed: seed + n, ...values });
    });
  } else {
    fill.table.bytes = hostBytes(fill.table.out * fill.table.in, fill.table.format, { kind: "f32", seed, ...values });
  }
}

function hostBytes(count: number, format: "f32" | "f16" | "bf16", fill: RandomFill): Uint8Array {
  const values = Float32Array.from(randomReference(fill, Math.min(count, HOST_VALUES)));
  const upper = (): Uint16Array => new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1);
  const some = format === "f32" ? values : format === "f16" ? f32ToF16(values) : upper();
  const block = new Uint8Array(some.buffer);
  const bytes = new Uint8Array((count * block.length) / values.length);
  for (let at = 0; at < bytes.length; at += block.length) bytes.set(block.subarray(0, bytes.length - at), at);
  return bytes;
}

/** Fills tensors, and resolves when the GPU has done so. */
export async function fillNow(gpu: Gpu, pipelines: Vlm["pipelines"], record: (r: Recorder) => void): Promise<void> {
  const r = new Recorder();
  record(r);
  const program = await r.build(new Arena(gpu, newCounters()), pipelines);
  await program.run({}, { flopsPerSecond: gpu.facts.software ? 1e9 : 1e11, software: gpu.facts.software });
}

/** Uniform numbers in [-1, 1) in each of the tensors. */
export const fillUniform = (gpu: Gpu, pipelines: Vlm["pipelines"], tensors: Tensor[]): Promise<void> =>
  fillNow(gpu, pipelines, (r) => {
    tensors.forEach((tensor, n) => {
      randomFill(r, tensor, { kind: "f32", seed: 77 * (n + 1) });
    });
  });

/** Throws TabTuneError "out-of-memory" where the GPU has no room, and leaves nothing behind. */
export async function randomModel(
  gpu: Gpu,
  model: ModelPlan & { tensors: ReadonlyMap<string, TensorFacts> },
): Promise<Vlm> {
  const { tensors } = model;
  const vlm = await allocateVlm(gpu, model, tensors);
  try {
    await fillNow(gpu, vlm.pipelines, (r) => {
      [...vlm.layout.fills].forEach(([name, fill], n) => {
        fillTensor(r, fill, tensors.get(name)!, name, (n + 1) * 0x9e3779b9);
      });
    });
  } catch (error) {
    vlm.arena.dispose();
    throw error;
  }
  return vlm;
}
