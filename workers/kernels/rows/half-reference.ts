/** What rows are after a stay in f16, as plain loops: the formula of half.ts. */
import { roundToF16 } from "../../weights/formats/dtype.ts";

/** `values` [rows, size] after `packHalf` and `unpackHalf`, the scale of each row, and how many went beyond f16's largest number. */
export function halfReference(
  values: Float32Array,
  size: number,
): { back: Float32Array; scales: number[]; beyond: number } {
  const back = new Float32Array(values.length);
  const scales: number[] = [];
  for (let at = 0; at < values.length; at += size) {
    const row = values.subarray(at, at + size);
    const most = row.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
    const isNormal = most === 0 || (most >= 2 ** -14 && most <= 65504);
    // To 2^14 … 2^15; no factor above 2^126.
    const scale = isNormal ? 1 : 2 ** Math.max(Math.floor(Math.log2(most)) - 14, -126);
    const kept = roundToF16(row.map((v) => v / scale));
    const finite = Number.isFinite(most);
    scales.push(finite ? scale : Number.NaN);
    for (let i = 0; i < size; i++) back[at + i] = finite ? kept[i]! * scale : Number.NaN;
  }
  return { back, scales, beyond: scales.filter((scale) => scale > 1).length };
}
