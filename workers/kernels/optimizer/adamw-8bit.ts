/**
 * AdamW whose two moments take a byte each instead of four: 8-bit codes with one scale per block of 256 (Dettmers et al. 2022,
 * arXiv 2110.02861; bitsandbytes `optimizer_update_8bit_blockwise`, `create_dynamic_map`). Parameters stay f32. The update itself
 * uses the moments before they are rounded to codes, as bitsandbytes does.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, type Kernel, type Recorder } from "../../gpu/program.ts";
import { dynamicMap, unsignedDynamicMap } from "../../weights/nf4/tables.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import { type AdamW, adamwParams } from "./adamw.ts";
import code from "./adamw-8bit.wgsl?raw";
import paramsCode from "./adamw-params.wgsl?raw";

const kernel: Kernel = {
  name: "adamw-8bit",
  code: compose(paramsCode, code),
  access: ["read", "read", "read", "read_write", "read_write", "read_write", "read_write"],
};

/** Values that share a scale. */
export const MOMENT_BLOCK = 256;

/** Words that the moments of `count` values take: codes (four a word) of either moment, and two scales a block. */
export const moment8Words = (count: number): { codes: number; absmax: number } => ({
  codes: ceilDiv(count, 4) as number,
  absmax: 2 * (ceilDiv(count, MOMENT_BLOCK) as number),
});

const midpoints = (map: Float32Array): Float32Array =>
  Float32Array.from({ length: 256 }, (_, i) => (i < 255 ? (map[i]! + map[i + 1]!) / 2 : Number.POSITIVE_INFINITY));

/** What `maps` has to hold: [signed values, their midpoints, unsigned values, their midpoints], 1024 f32. */
export function momentMaps(): Float32Array {
  const maps = new Float32Array(1024);
  [dynamicMap, midpoints(dynamicMap), unsignedDynamicMap, midpoints(unsignedDynamicMap)].forEach((part, n) => {
    maps.set(part, 256 * n);
  });
  return maps;
}

export interface AdamW8bit<K extends string = string> extends Omit<AdamW<K>, "m" | "v"> {
  /** u8[count] in words; all zero before the first step. */
  mCodes: Tensor;
  vCodes: Tensor;
  /** [blocks, 2]: largest |m| and v of each block. */
  absmax: Tensor;
  /** `momentMaps()` */
  maps: Tensor;
}

/** One AdamW update, in place. Nothing changes where `clip` says that the gradients are not finite. */
export function adamw8bit<K extends string>(recorder: Recorder<K>, e: AdamW8bit<K>): void {
  recorder.dispatch({
    kernel,
    tensors: [e.grad, e.clip, e.maps, e.param, e.mCodes, e.vCodes, e.absmax],
    params: adamwParams(e),
    workgroups: linearGrid(e.count, MOMENT_BLOCK),
    flops: product(e.count, 48),
  });
}
