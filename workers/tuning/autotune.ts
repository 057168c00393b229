/**
 * Which tile is fastest depends on the GPU in ways that no fact tells (ggml's WebGPU authors found up to 2.3x between one setting for all
 * and each GPU's own best: llama.cpp pull request 22241). So the model's own shapes are timed once per adapter, on zeros. Every tile adds
 * up in the same order, so a choice changes the time of a run and no bit of its result.
 */
import { Arena, newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { type PipelineCache, Recorder } from "../gpu/program.ts";
import type { LinearShape, SharedTileName, Variants } from "../gpu/variants.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear.ts";
import { fittingTiles, forcedVariants } from "../kernels/select.ts";
import type { FourBitWeight } from "../kernels/weight.ts";
import type { Store } from "../storage/store.ts";
import { adapterKey } from "./self-test.ts";

/** Tile by shape. */
export type TunedTiles = Record<string, SharedTileName>;

/** Rows of the timed products: a picture and its text. */
const ROWS = 704;
const ROUNDS = 3;

const keyOf = ({ direction, columns, depth }: LinearShape): string => `${direction} ${depth} to ${columns}`;

/** `otherwise` for shapes that were not timed. */
export const tunedVariants = (tuned: TunedTiles, otherwise: Variants): Variants => ({
  ...otherwise,
  linear: (shape) => tuned[keyOf(shape)] ?? otherwise.linear(shape),
});

/** Forward and dX of the weights [out, in] as shapes, each once. */
export function shapesOf(weights: { out: number; in: number }[]): LinearShape[] {
  const shapes = weights.flatMap((w): LinearShape[] => [
    { direction: "forward", columns: w.out, depth: w.in },
    { direction: "backward", columns: w.in, depth: w.out },
  ]);
  return [...new Map(shapes.map((shape) => [keyOf(shape), shape])).values()];
}

/** The kept choice of this adapter for the shapes of these weights, or a new one, which is then kept. */
export async function tunedTilesOf(
  gpu: Gpu,
  pipelines: PipelineCache,
  weights: { out: number; in: number }[],
  browser: string,
  store: Store,
): Promise<TunedTiles> {
  const shapes = shapesOf(weights);
  const key = `tiles/${shapes.map(keyOf).join(", ")}/${adapterKey(gpu.facts, browser)}`;
  const kept = await store.get(key);
  if (kept) return JSON.parse(new TextDecoder().decode(kept)) as TunedTiles;
  const tuned = await autotune(gpu, pipelines, shapes, fittingTiles(gpu.facts));
  await store.set([[key, new TextEncoder().encode(JSON.stringify(tuned))]], "relaxed");
  return tuned;
}

/** Times each tile on each shape with a 4-bit weight; the fastest of `ROUNDS` counts. */
export async function autotune(
  gpu: Gpu,
  pipelines: PipelineCache,
  shapes: LinearShape[],
  tiles: SharedTileName[],
  rows = ROWS,
): Promise<TunedTiles> {
  const tuned: TunedTiles = {};
  for (const shape of shapes) {
    const arena = new Arena(gpu, newCounters());
    try {
      const { direction, columns, depth } = shape;
      const forward = direction === "forward";
      const [out, inSize] = forward ? [columns, depth] : [depth, columns];
      const weight: FourBitWeight = {
        format: "nf4",
        out,
        in: inSize,
        blockSize: 64,
        codes: arena.tensor("tuning/codes", (out * inSize) / 8),
        absmax: arena.tensor("tuning/absmax", Math.ceil((out * inSize) / 64)),
      };
      const [x, y] = [arena.tensor("tuning/x", rows * depth), arena.tensor("tuning/y", rows * columns)];
      const programs = await Promise.all(
        tiles.map((tile) => {
          const r = new Recorder(forcedVariants(tile, "shared"));
          if (forward) linearForward(r, { y, x, weight, rows });
          else linearBackwardInput(r, { dx: y, dy: x, weight, rows });
          return r.build(arena, pipelines);
        }),
      );
      const best = tiles.map(() => Number.POSITIVE_INFINITY);
      // Interleaved, so that a clock that changes its speed is fair to all; the first round only warms up.
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [i, program] of programs.entries()) {
          const started = performance.now();
          await program.run({}, { flopsPerSecond: 1e12 });
          if (round > 0) best[i] = Math.min(best[i]!, performance.now() - started);
        }
      }
      tuned[keyOf(shape)] = tiles[best.indexOf(Math.min(...best))]!;
    } finally {
      arena.dispose();
    }
  }
  return tuned;
}
