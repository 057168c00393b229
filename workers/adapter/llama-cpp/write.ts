/** A GGUF file in one pass: the header with all offsets, then tensor after tensor. Nothing of it stays in memory. */
import { TabTuneError } from "../../errors.ts";
import type { FileWriter } from "../../storage/file-cache.ts";
import { type GgufFields, type GgufType, ggufBytes, ggufData, ggufHeader, padded } from "../../weights/formats/gguf.ts";
import type { MergeProgress, MergeTarget } from "../merge.ts";
import type { SourcedTensor } from "./tensors.ts";

export interface GgufFile {
  name: string;
  fields: GgufFields;
  tensors: SourcedTensor[];
}

/** Writes whole files only: one that fails is dropped, and the error goes on. `onProgress` counts the tensors' bytes of all files. */
export async function writeGguf(
  files: readonly GgufFile[],
  target: MergeTarget,
  onProgress: MergeProgress,
): Promise<void> {
  const total = files.flatMap(({ tensors }) => tensors).reduce((sum, tensor) => sum + ggufBytes(tensor), 0);
  let bytes = 0;
  for (const { name: file, fields, tensors } of files) {
    const writer = await target.create(file);
    try {
      await writer.write(ggufHeader(fields, tensors));
      for (const tensor of tensors) {
        for await (const data of dataOf(tensor)) {
          await writer.write(data);
          bytes += data.byteLength;
          onProgress({ name: tensor.name, bytes, total });
        }
        await fill(writer, tensor);
      }
      await writer.commit();
    } finally {
      await writer.abort();
    }
  }
}

async function* dataOf(tensor: SourcedTensor): AsyncGenerator<Uint8Array> {
  for await (const values of tensor.values()) {
    const odd = oddValue(values, tensor.type);
    if (odd !== undefined) {
      throw new TabTuneError(
        "bad-tensor",
        `With the adapter added, ${tensor.name} holds ${odd}, and the type ${tensor.type} of the GGUF file has no such number.`,
        "Use the adapter beside the base model (the PEFT export), or train again with a smaller learning rate.",
      );
    }
    yield ggufData(values, tensor.type);
  }
}

/** The first value that a type has no number for; of Q8_0 the scale is F16, and is 1/127 of the largest. A loop: a model has billions. */
function oddValue(values: Float32Array, type: GgufType): number | undefined {
  const limit = type === "F32" ? Number.MAX_VALUE : type === "F16" ? 65520 : 65520 * 127;
  for (let i = 0; i < values.length; i++) {
    // NaN is not below anything.
    if (!(Math.abs(values[i]!) < limit)) return values[i];
  }
  return undefined;
}

async function fill(writer: FileWriter, tensor: SourcedTensor): Promise<void> {
  const bytes = ggufBytes(tensor);
  if (padded(bytes) > bytes) await writer.write(new Uint8Array(padded(bytes) - bytes));
}
