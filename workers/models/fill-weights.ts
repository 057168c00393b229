/** A tensor of the checkpoint -> its place on the GPU (`Fill`, weight-builder.ts). */
import { type Counters, upload } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DenseFormat } from "../kernels/linear/weight.ts";
import { type Dtype, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import type { TensorContent } from "../weights/loading/prepare-tensors.ts";
import { absmaxToF16 } from "../weights/nf4/nf4.ts";
import { denseFormatOf, type Fill } from "./weight-builder.ts";

/** Puts a loaded tensor into its place. Throws TabTuneError "bad-tensor" for block maxima that the planned format cannot hold. */
export async function fillWeight(gpu: Gpu, fill: Fill, loaded: TensorContent, counters: Counters): Promise<void> {
  if (fill.kind === "4bit" && loaded.kind === "4bit") {
    const absmax = fill.absmaxFormat === "f16" ? absmaxToF16(loaded.absmax) : loaded.absmax;
    await Promise.all([
      upload(gpu, fill.codes, loaded.codes, counters, fill.codesAt),
      upload(gpu, fill.absmax, absmax, counters, fill.absmaxAt),
    ]);
  } else if (fill.kind === "dense" && loaded.kind === "dense") {
    const values = fill.rows
      ? rowsOf(toF32(loaded.bytes, loaded.dtype), fill.rows)
      : inFormat(loaded.bytes, loaded.dtype, fill.format);
    await upload(gpu, fill.data, values, counters, fill.at);
  } else if (fill.kind === "parts" && loaded.kind === "dense") {
    const values = inFormat(loaded.bytes, loaded.dtype, fill.format);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    let at = 0;
    for (const part of fill.parts) {
      const end = Math.min(bytes.byteLength, at + part.length * 4);
      await upload(gpu, part, bytes.subarray(at, end), counters);
      at = end;
    }
  } else if (fill.kind === "host" && loaded.kind === "dense") {
    const { buffer, byteOffset, byteLength } = inFormat(loaded.bytes, loaded.dtype, fill.table.format);
    fill.table.bytes = new Uint8Array(buffer, byteOffset, byteLength);
  } else {
    throw new Error(`a ${loaded.kind} tensor arrived where ${fill.kind} was planned`);
  }
}

/** `rows` of a table that has as many; all of it where none are named. */
export function rowsOf(table: Float32Array, rows: readonly number[] | undefined): Float32Array {
  if (!rows) return table;
  const size = table.length / rows.length;
  const out = new Float32Array(table.length);
  rows.forEach((row, i) => {
    out.set(table.subarray(row * size, (row + 1) * size), i * size);
  });
  return out;
}

function inFormat(bytes: Uint8Array, dtype: Dtype, format: DenseFormat): Uint8Array | Float32Array | Uint16Array {
  if (denseFormatOf[dtype] === format) return bytes;
  if (format === "bf16") throw new Error(`cannot turn ${dtype} into ${format}`);
  const values = toF32(bytes, dtype);
  return format === "f32" ? values : f32ToF16(values);
}
