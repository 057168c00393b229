/** A tensor of the checkpoint -> its place on the GPU (`Fill`, weight-builder.ts). */
import { type Counters, upload } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DenseFormat } from "../kernels/linear/weight.ts";
import { type Dtype, dtypeBytes, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import type { TensorContent } from "../weights/loading/prepare-tensors.ts";
import { absmaxToF16 } from "../weights/nf4/nf4.ts";
import { wordsPerValue } from "./token-table.ts";
import { denseFormatOf, type Fill } from "./weight-builder.ts";

/** Puts a loaded tensor, or a piece of one, into its place. Throws TabTuneError "bad-tensor" for block maxima that the planned format cannot hold. */
export async function fillWeight(gpu: Gpu, fill: Fill, loaded: TensorContent, counters: Counters): Promise<void> {
  if (fill.kind === "4bit" && loaded.kind === "4bit") {
    const absmax = fill.absmaxFormat === "f16" ? absmaxToF16(loaded.absmax) : loaded.absmax;
    await Promise.all([
      upload(gpu, fill.codes, loaded.codes, counters, fill.codesAt),
      upload(gpu, fill.absmax, absmax, counters, fill.absmaxAt),
    ]);
  } else if (fill.kind === "dense" && loaded.kind === "dense") {
    if (fill.rows && loaded.at !== undefined) throw new Error("rows are taken of a whole table only");
    const values = fill.rows
      ? rowsOf(toF32(loaded.bytes, loaded.dtype), fill.rows)
      : inFormat(loaded.bytes, loaded.dtype, fill.format);
    await upload(gpu, fill.data, values, counters, fill.at + wordsBefore(loaded, fill.format));
  } else if (fill.kind === "parts" && loaded.kind === "dense") {
    const bytes = bytesInFormat(loaded.bytes, loaded.dtype, fill.format);
    const first = 4 * wordsBefore(loaded, fill.format);
    const last = first + bytes.byteLength;
    let at = 0;
    for (const part of fill.parts) {
      const [from, to] = [Math.max(first, at), Math.min(last, at + part.length * 4)];
      if (from < to) await upload(gpu, part, bytes.subarray(from - first, to - first), counters, (from - at) / 4);
      at += part.length * 4;
    }
  } else if (fill.kind === "host" && loaded.kind === "dense") {
    const { table } = fill;
    const bytes = bytesInFormat(loaded.bytes, loaded.dtype, table.format);
    if (loaded.at === undefined) table.bytes = bytes;
    else {
      if (loaded.at === 0) table.bytes = new Uint8Array(4 * table.out * table.in * wordsPerValue[table.format]);
      table.bytes.set(bytes, 4 * wordsBefore(loaded, table.format));
    }
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

/** Words of the destination before a piece: pieces are cut between words of any format. */
const wordsBefore = ({ at = 0, dtype }: { at?: number; dtype: Dtype }, format: DenseFormat): number =>
  (at / dtypeBytes[dtype]) * wordsPerValue[format];

function bytesInFormat(given: Uint8Array, dtype: Dtype, format: DenseFormat): Uint8Array {
  const { buffer, byteOffset, byteLength } = inFormat(given, dtype, format);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function inFormat(bytes: Uint8Array, dtype: Dtype, format: DenseFormat): Uint8Array | Float32Array | Uint16Array {
  if (denseFormatOf[dtype] === format) return bytes;
  if (format === "bf16") throw new Error(`cannot turn ${dtype} into ${format}`);
  const values = toF32(bytes, dtype);
  return format === "f32" ? values : f32ToF16(values);
}
