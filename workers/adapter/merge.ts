/**
 * Base model + adapter -> a full model: W + scale * B A for every adapted matrix, on the original weights (not the 4-bit ones that
 * training ran on), as PEFT's merge_and_unload does it. Shards, headers and types stay as they are, and bytes stream through row
 * by row, so a model of any size goes through little memory. Sums are taken in f64 and rounded once, to the type of the tensor.
 */
import { TabTuneError } from "../errors.ts";
import type { TrainedValues } from "../models/adapter-slabs.ts";
import type { NameScheme } from "../models/names.ts";
import type { FileWriter } from "../storage/file-cache.ts";
import { insidePath } from "../storage/inside-path.ts";
import { beyondF16, bytesOf, type Dtype, dtypeBytes, f32ToBf16, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import type { TensorInfo } from "../weights/formats/safetensors.ts";
import type { Checkpoint } from "../weights/hub/model-files.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import { addDelta, placeOf, tensorOf } from "./merged-rows.ts";
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
            await writer.write(
              module ? inType(addDelta(toF32(chunk, dtype), module, firstRow, rows), name, dtype) : chunk,
            );
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
  const writer = await target.create(insidePath(name));
  try {
    await write(writer);
    await writer.commit();
  } finally {
    await writer.abort();
  }
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
