/** What can be said of the 4-bit kernels beside the GPU tiles (`tileFigures`) without running them. */
import type { Tile } from "../workers/kernels/linear/common.wgsl.ts";
import { ONE_ROW_GROUP, type TileFigures, WEIGHT_BYTES } from "../workers/kernels/linear/tiles.ts";

/**
 * The same figures of the software family (workers/kernels/linear/software/panel.wgsl.ts), whose threads hold a panel of W alone and send `rows` rows past it,
 * `steps` of K at a time; what its caches save is not counted.
 */
export function softwareFigures({ rows, quads, workgroup }: Tile, steps: number): TileFigures {
  const columns = 4 * quads;
  // Of a row and a panel: its x, its sums to and fro, its share of the panel.
  const bytes = 4 * steps + 8 * columns + (WEIGHT_BYTES * columns * steps) / rows;
  return {
    threads: workgroup[0] * workgroup[1],
    workgroupBytes: 0,
    workgroupBytesPerThread: 0,
    // The panel, x of a row, a vector of sums.
    registers: columns * steps + steps + 4,
    fmasPerSharedWord: undefined,
    flopsPerGlobalByte: (2 * steps * columns) / bytes,
    barriersPerStep: 0,
  };
}

/** The same figures of a one-row kernel: every weight is looked up in the shared table; the sums meet once, at the end. */
export function oneRowFigures(): TileFigures {
  const { threads, columns } = ONE_ROW_GROUP;
  const bytes = threads * columns * 4 + 64;
  return {
    threads,
    workgroupBytes: bytes,
    workgroupBytesPerThread: bytes / threads,
    // Sums, eight x, and a word, an absmax and eight weights at a time.
    registers: columns + 8 + 2 * columns + 8,
    fmasPerSharedWord: 1,
    flopsPerGlobalByte: (2 * columns) / (4 + WEIGHT_BYTES * columns),
    barriersPerStep: 0,
  };
}
