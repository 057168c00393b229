/**
 * Base model + adapter -> a full model: W + scale * B A for every adapted matrix, on the original weights (not the 4-bit ones that
 * training ran on), as PEFT's merge_and_unload does it. Shards, headers and types stay as they are, and bytes stream through row
 * by row, so a model of any size goes through little memory. Sums are taken in f64 and rounded once, to the type of the tensor.
 */
import { TabTuneError } from "../errors.ts";
import type { TrainedValues } from "../models/adapter-slabs.ts";
import { type NameScheme, resolveName } from "../models/names.ts";
import type { FileWriter } from "../storage/file-cache.ts";
import { beyondF16, bytesOf, type Dtype, dtypeBytes, f32ToBf16, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import type { TensorInfo } from "../weights/formats/safetensors.ts";
import type { Checkpoint } from "../weights/hub/model-files.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import type { ImportedModule } from "./peft-import.ts";

export interface MergeTarget {
  create(name: string): Promise<FileWriter>;
}

/** `bytes` of `total` bytes of the weights are written. */
export type MergeProgress = (progress: { name: string; bytes: number; total: number }) => void;

/** LoRA matrices, and the tensors that were trained in full. */
export interface MergedAdapter {
  modules: readonly ImportedModule[];
  trained?: readonly TrainedValues[];
  /** How the model's family spells its tensors. */
  names: NameScheme;
}

const windowBytes = 16e6;
/** Weights in other forms would go on without the adapter. */
const otherWeights = /\.(safetensors|bin|pt|pth|h5|msgpack|onnx|gguf)$|^pytorch_model.*\.index\.json$/;

/**
 * Writes every file of the merged model to `target`; `trained` tensors take the place of the base's. Throws TabTuneError "bad-adapter" when a module is not in the model or of another
 * size, "bad-tensor" when its weights are of a type that nothing can be added to, or that ends before what they become.
 */
export async function mergeAdapter(
  files: ModelFiles,
  checkpoint: Checkpoint,
  { modules, trained = [], names }: MergedAdapter,
  target: MergeTarget,
  onProgress: MergeProgress = () => undefined,
): Promise<void> {
  const adapted = new Map(modules.map((module) => [tensorOf(checkpoint, module, names), module]));
  const replaced = new Map(
    trained.map((tensor) => [placeOf(checkpoint, names, tensor.name, tensor.shape), tensor.values]),
  );
  const shards = new Map<string, TensorInfo[]>();
  for (const info of checkpoint.tensors.values()) shards.set(info.file, [...(shards.get(info.file) ?? []), info]);
  const total = [...checkpoint.tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
  let bytes = 0;

  for (const [file, infos] of shards) {
    infos.sort((a, b) => a.start - b.start);
    await writing(target, file, async (writer) => {
      const reader = await files.open(file);
      await writer.write(await reader.read(0, infos[0]!.start));
      for (const { name, dtype } of infos) {
        const module = adapted.get(name);
        const full = replaced.get(name);
        let at = 0;
        for await (const { firstRow, rows, bytes: chunk } of checkpoint.chunks(name, windowBytes)) {
          if (full) {
            const values = chunk.byteLength / dtypeBytes[dtype];
            await writer.write(inType(full.slice(at, at + values), name, dtype));
            at += values;
          } else {
            await writer.write(module ? addDelta(chunk, { name, dtype }, module, firstRow, rows) : chunk);
          }
          bytes += chunk.byteLength;
          onProgress({ name, bytes, total });
        }
      }
    });
  }
  const single = shards.has("model.safetensors");
  for (const name of files.names()) {
    if (otherWeights.test(name) || (single && name === "model.safetensors.index.json")) continue;
    const reader = await files.open(name);
    await writing(target, name, async (writer) => writer.write(await reader.read(0, reader.size)));
  }
}

async function writing(target: MergeTarget, name: string, write: (writer: FileWriter) => Promise<void>): Promise<void> {
  const writer = await target.create(name);
  try {
    await write(writer);
    await writer.commit();
  } finally {
    await writer.abort();
  }
}

/** Name of the tensor that a module's product is added to. */
const tensorOf = (
  checkpoint: Checkpoint,
  { module, inFeatures, outFeatures }: ImportedModule,
  names: NameScheme,
): string => placeOf(checkpoint, names, `${module}.weight`, [outFeatures, inFeatures]);

/** Name of the tensor of the checkpoint that a neutral one of this shape is. */
function placeOf(
  { tensors, label }: Checkpoint,
  names: NameScheme,
  neutral: string,
  wanted: readonly number[],
): string {
  const name = resolveName(neutral, names, (n) => tensors.has(n));
  const { shape, dtype } = (name && tensors.get(name)) || {};
  if (!name || !shape || shape.length !== wanted.length || shape.some((size, i) => size !== wanted[i])) {
    const why = name ? `a tensor [${shape}] where the adapter has [${wanted}]` : "no such tensor";
    throw new TabTuneError(
      "bad-adapter",
      `The adapter changes ${neutral.replace(/\.weight$/, "")}, and ${label} has ${why}.`,
      "Give the model that the adapter was trained on.",
    );
  }
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw new TabTuneError(
      "bad-tensor",
      `${name} holds ${dtype} values, to which nothing can be added.`,
      "Give the original model rather than a quantised copy of it.",
    );
  }
  return name;
}

/** Rows [firstRow, firstRow + rows) of W + scale * B A, in W's own type. */
function addDelta(
  chunk: Uint8Array,
  { name, dtype }: { name: string; dtype: Dtype },
  module: ImportedModule,
  firstRow: number,
  rows: number,
): Uint8Array {
  const { loraA, loraB, rank, inFeatures, scale } = module;
  const merged = toF32(chunk, dtype);
  const sum = new Float64Array(inFeatures);
  for (let row = 0; row < rows; row++) {
    sum.fill(0);
    for (let k = 0; k < rank; k++) {
      const b = loraB[(firstRow + row) * rank + k]!;
      const from = k * inFeatures;
      for (let column = 0; column < inFeatures; column++) sum[column]! += b * loraA[from + column]!;
    }
    const at = row * inFeatures;
    for (let column = 0; column < inFeatures; column++) merged[at + column]! += scale * sum[column]!;
  }
  return inType(merged, name, dtype);
}

function inType(values: Float32Array, name: string, dtype: Dtype): Uint8Array {
  const beyond = dtype === "F16" ? beyondF16(values) : undefined;
  if (beyond !== undefined) {
    throw new TabTuneError(
      "bad-tensor",
      `With the adapter added, ${name} holds ${beyond}, and its type, F16, ends at 65,504.`,
      "Use the adapter beside the base model (the PEFT export), or merge it into a copy of the model in BF16.",
    );
  }
  if (dtype === "F16") return bytesOf(f32ToF16(values));
  return dtype === "BF16" ? bytesOf(f32ToBf16(values)) : bytesOf(values);
}
