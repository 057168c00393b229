/**
 * The tiles of the linear kernels for GPUs and what can be said of each without running it. (ggml's, ORT's and tfjs' WebGPU
 * products are the 4 x 4 neighbours of these; a thread that owns 8 x 8 loads half as much per multiply-add.)
 */
import type { GpuTileName } from "../../gpu/variants.ts";
import type { Format } from "./common.wgsl.ts";

/** A workgroup's tile of the result, its step along K, and what one thread owns of it. */
export interface GpuTile {
  rows: number;
  columns: number;
  depth: number;
  threadRows: number;
  threadColumns: number;
  /**
   * The weights' tile holds f16 (needs shader-f16), and what is taken for weights that f16 cannot stand for. Only weights: bitsandbytes
   * multiplies with f16(code * absmax) too, while activations may pass 65,504 and gradients of 1e-7 are no numbers to f16; autocast needs
   * a loss scale and skipped steps for them, we need nothing.
   */
  halfWeights?: { otherwise: GpuTileName };
}

/** The code table takes 64 bytes beside the tiles: with a step of 32, "64x64" would no longer fit into the 16 KiB that every adapter has. */
export const gpuTiles: Record<GpuTileName, GpuTile> = {
  "32x32": { rows: 32, columns: 32, depth: 32, threadRows: 4, threadColumns: 4 },
  "64x64": { rows: 64, columns: 64, depth: 16, threadRows: 8, threadColumns: 4 },
  "128x64": { rows: 128, columns: 64, depth: 16, threadRows: 8, threadColumns: 8 },
  "128x64 deep": { rows: 128, columns: 64, depth: 32, threadRows: 8, threadColumns: 8 },
  "128x128": { rows: 128, columns: 128, depth: 16, threadRows: 8, threadColumns: 8 },
  // Half the memory of W's tile: a step of 32, or 128 columns, within 16 KiB.
  "64x64 f16": { ...half("64x64"), rows: 64, columns: 64, depth: 32, threadRows: 8, threadColumns: 4 },
  "128x64 f16": { ...half("128x64"), rows: 128, columns: 64, depth: 16, threadRows: 8, threadColumns: 8 },
  "128x128 f16": { ...half("128x64"), rows: 128, columns: 128, depth: 16, threadRows: 8, threadColumns: 8 },
};

function half(otherwise: GpuTileName): Pick<GpuTile, "halfWeights"> {
  return { halfWeights: { otherwise } };
}

/** The tile that a weight of this format is multiplied with where `name` was chosen. 4-bit weights come from f16; f32 and bf16 do not fit. */
export const tileFor = (name: GpuTileName, format: Format): GpuTileName =>
  format === "f32" || format === "bf16" ? (gpuTiles[name].halfWeights?.otherwise ?? name) : name;

export const threadsOf = (t: GpuTile): number => (t.rows / t.threadRows) * (t.columns / t.threadColumns);

export interface TileFigures {
  threads: number;
  workgroupBytes: number;
  workgroupBytesPerThread: number;
  /** 32-bit registers of a thread for accumulators, operands and what is under way; addresses not counted. */
  registers: number;
  /** Multiply-adds per 32-bit word read from workgroup memory; undefined where nothing is read from there. */
  fmasPerSharedWord: number | undefined;
  /** FLOPs of an NF4 forward per byte read from global memory (activations f32, half a byte a weight and its share of absmax). */
  flopsPerGlobalByte: number;
  barriersPerStep: number;
}

const bytesOfWeight = (t: GpuTile): number => (t.halfWeights ? 2 : 4);

/** Bytes of both tiles, padded as the kernels pad them, and the code table. */
export const workgroupBytes = (t: GpuTile): number =>
  t.depth * ((t.rows + 1) * 4 + (t.columns + 1) * bytesOfWeight(t)) + 64;

/** Bytes of a 4-bit weight and its share of absmax in blocks of 64. */
export const WEIGHT_BYTES = 0.5 + 4 / 64;

export function tileFigures(t: GpuTile): TileFigures {
  const threads = threadsOf(t);
  const bytes = workgroupBytes(t);
  const accumulators = t.threadRows * t.threadColumns;
  const underWay = (t.rows * t.depth) / threads + (2 * t.columns * t.depth) / 8 / threads;
  return {
    threads,
    workgroupBytes: bytes,
    workgroupBytesPerThread: bytes / threads,
    registers: accumulators + 4 * t.threadRows + 16 + underWay,
    fmasPerSharedWord: accumulators / (t.threadRows + (t.threadColumns * bytesOfWeight(t)) / 4),
    flopsPerGlobalByte: (2 * t.rows * t.columns) / (4 * t.rows + WEIGHT_BYTES * t.columns),
    barriersPerStep: 2,
  };
}

/** Threads of a workgroup of the one-row kernels, which share the K of these columns. */
export const ONE_ROW_GROUP = { threads: 64, columns: 4 } as const;
