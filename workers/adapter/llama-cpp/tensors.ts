/** A checkpoint with an adapter merged into it, tensor by tensor as f32, in the shapes and the order of rows that a GGUF file wants. */
import { TabTuneError } from "../../errors.ts";
import { resolveName } from "../../models/names.ts";
import { elementsOf, toF32 } from "../../weights/formats/dtype.ts";
import type { GgufTensor, GgufType } from "../../weights/formats/gguf.ts";
import type { StoredCheckpoint } from "../../weights/loading/stored-four-bit.ts";
import type { MergedAdapter } from "../merge.ts";
import { addDelta, placeOf, tensorOf } from "../merged-rows.ts";

/** A tensor of the file, and how its numbers come. */
export interface SourcedTensor extends GgufTensor {
  /** Its numbers from first to last, some rows at a time. */
  values(): AsyncIterable<Float32Array>;
}

interface Wanted {
  /** Another shape of as many numbers. */
  shape?: readonly number[];
  type: GgufType;
  /** Applied to the whole tensor, which then lies in memory at once. */
  reorder?: (values: Float32Array) => Float32Array;
  /** Numbers of the checkpoint's tensor where `reorder` takes a part of them. */
  wholeSize?: number;
}

const windowBytes = 16e6;

/** Throws TabTuneError "bad-adapter" where the adapter does not fit the checkpoint. */
export function mergedTensors(checkpoint: StoredCheckpoint, { modules, trained = [], names }: MergedAdapter) {
  const adapted = new Map(modules.map((module) => [tensorOf(checkpoint, module, names), module]));
  const replaced = new Map(trained.map((t) => [placeOf(checkpoint, names, t.name, t.shape), t.values]));
  const find = (neutral: string): string | undefined => resolveName(neutral, names, (n) => checkpoint.tensors.has(n));

  async function* rowsOf(name: string): AsyncGenerator<Float32Array> {
    const full = replaced.get(name);
    if (full) {
      yield full;
      return;
    }
    const { dtype } = checkpoint.tensors.get(name)!;
    const module = adapted.get(name);
    for await (const { firstRow, rows, bytes } of checkpoint.chunks(name, windowBytes)) {
      const values = toF32(bytes, dtype);
      yield module ? addDelta(values, module, firstRow, rows) : values;
    }
  }

  return {
    has: (neutral: string): boolean => find(neutral) !== undefined,
    /** Throws TabTuneError "missing-tensor", or "bad-tensor" where its numbers are quantised already. */
    tensor(name: string, neutral: string, { shape, type, reorder, wholeSize }: Wanted): SourcedTensor {
      const found = find(neutral);
      const info = found === undefined ? undefined : checkpoint.tensors.get(found);
      if (found === undefined || !info) {
        throw new TabTuneError(
          "missing-tensor",
          `${checkpoint.label} has no tensor ${neutral}, which llama.cpp needs.`,
          "Download the model again.",
        );
      }
      if (info.fourBit || !["F32", "F16", "BF16"].includes(info.dtype)) {
        throw new TabTuneError(
          "bad-tensor",
          `${found} holds ${info.fourBit ? "4-bit" : info.dtype} values, of which no GGUF file can be made here.`,
          "Give the original model rather than a quantised copy of it.",
        );
      }
      const wanted = shape ?? info.shape;
      const elements = elementsOf(info.shape);
      if ((wholeSize ?? elementsOf(wanted)) !== elements) {
        throw new TabTuneError(
          "bad-tensor",
          `${found} is [${info.shape}] where config.json makes it [${wanted}].`,
          "Download the model again, all files from one revision.",
        );
      }
      return {
        ...{ name, type, shape: wanted },
        async *values() {
          if (reorder) yield reorder(await whole(rowsOf(found), elements));
          else yield* rowsOf(found);
        },
      };
    },
  };
}

export type MergedTensors = ReturnType<typeof mergedTensors>;

/** Zeros: for a bias that llama.cpp adds and the model has not. */
export const zeros = (name: string, size: number): SourcedTensor => ({
  ...{ name, type: "F32", shape: [size] },
  async *values() {
    yield new Float32Array(size);
  },
});

async function whole(chunks: AsyncIterable<Float32Array>, elements: number): Promise<Float32Array> {
  const values = new Float32Array(elements);
  let at = 0;
  for await (const chunk of chunks) {
    values.set(chunk, at);
    at += chunk.length;
  }
  return values;
}
