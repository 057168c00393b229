/**
 * The tiles of the shared-memory linear kernels and what can be said of each without running it. (ggml's, ORT's and tfjs' WebGPU
 * products are the 4 x 4 neighbours of these; a thread that owns 8 x 8 loads half as much per multiply-add.)
 */
import type { SharedTileName } from "../gpu/variants.ts";

/** A workgroup's tile of the result, its step along K, and what one thread owns of it. */
export interface SharedTile {
  rows: number;
  columns: number;
  depth: number;
  threadRows: number;
  threadColumns: number;
}

/** The code table takes 64 bytes beside the tiles: with a step of 32, "64x64" would no longer fit into the 16 KiB that every adapter has. */
export const sharedTiles: Record<SharedTileName, SharedTile> = {
  "32x32": { rows: 32, columns: 32, depth: 32, threadRows: 4, threadColumns: 4 },
  "64x64": { rows: 64, columns: 64, depth: 16, threadRows: 8, threadColumns: 4 },
  "128x64": { rows: 128, columns: 64, depth: 16, threadRows: 8, threadColumns: 8 },
  "128x64 deep": { rows: 128, columns: 64, depth: 32, threadRows: 8, threadColumns: 8 },
  "128x128": { rows: 128, columns: 128, depth: 16, threadRows: 8, threadColumns: 8 },
};

export const threadsOf = (t: SharedTile): number => (t.rows / t.threadRows) * (t.columns / t.threadColumns);

export interface TileFigures {
  threads: number;
  workgroupBytes: number;
  workgroupBytesPerThread: number;
  /** 32-bit registers of a thread for accumulators, operands and what is under way; addresses not counted. */
  registers: number;
  /** Multiply-adds per 32-bit word read from workgroup memory. */
  fmasPerSharedWord: number;
  /** FLOPs of an NF4 forward per byte read from global memory (activations f32, half a byte a weight and its share of absmax). */
  flopsPerGlobalByte: number;
  barriersPerStep: number;
}

/** Bytes of both tiles, padded as the kernels pad them, and the code table. */
export const workgroupBytes = (t: SharedTile): number => (t.depth / 4) * (t.rows + 1 + t.columns + 1) * 16 + 64;

export function tileFigures(t: SharedTile): TileFigures {
  const threads = threadsOf(t);
  const bytes = workgroupBytes(t);
  const accumulators = t.threadRows * t.threadColumns;
  const underWay = (t.rows * t.depth) / threads + (2 * t.columns * t.depth) / 8 / threads;
  return {
    threads,
    workgroupBytes: bytes,
    workgroupBytesPerThread: bytes / threads,
    registers: accumulators + 4 * t.threadRows + 16 + underWay,
    fmasPerSharedWord: accumulators / (t.threadRows + t.threadColumns),
    flopsPerGlobalByte: (2 * t.rows * t.columns) / (4 * t.rows + (0.5 + 4 / 64) * t.columns),
    barriersPerStep: 2,
  };
}
