/**
 * Which kernel is fastest depends on the GPU in ways that no fact tells (ggml's WebGPU authors found up to 2.3x between one setting for all
 * and each GPU's own best: llama.cpp pull request 22241). So the model's own shapes are timed once per adapter, on zeros, and the choice is
 * cached. Tiles of f32 add up in the same order, so among them a choice changes the time of a run and no bit of its result; tiles of f16
 * weights round as bitsandbytes does under autocast, so they are taken only where they clearly pay.
 */
import { Arena, newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { type PipelineCache, Recorder } from "../gpu/program.ts";
import type { DecodeVariant, GpuTileName, LinearShape, Variants } from "../gpu/variants.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear/linear.ts";
import { gpuTiles } from "../kernels/linear/tiles.ts";
import type { FourBitWeight } from "../kernels/linear/weight.ts";
import { forcedVariants } from "../kernels/select.ts";
import { sealJson, unsealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import { type Candidates, candidatesOf } from "./gate.ts";
import type { SelfTestReport } from "./report.ts";
import { timeRounds } from "./rounds.ts";
import { adapterKey } from "./self-test.ts";

/** Fastest kernel by shape. */
export interface Tuned {
  linear: Record<string, GpuTileName>;
  decode: Record<string, DecodeVariant>;
}

/** Rows of the timed products: a picture and its text. */
const ROWS = 704;
/** One row takes less than a submit does: this many in a row are timed. */
const DECODES = 32;
const ROUNDS = 3;
/** Share of the fastest f32 tile's time that one of f16 weights has to stay below. */
const PAYS = 0.95;

const keyOf = ({ direction, columns, depth }: LinearShape): string => `${direction} ${depth} to ${columns}`;

/** `otherwise` for shapes that were not timed. */
export const tunedVariants = (tuned: Tuned, otherwise: Variants): Variants => ({
  ...otherwise,
  linear: (shape) => tuned.linear[keyOf(shape)] ?? otherwise.linear(shape),
  decode: (shape) => tuned.decode[keyOf({ ...shape, direction: "forward" })] ?? otherwise.decode(shape),
});

/** Forward and dX of the weights [out, in] as shapes, each once. */
export function shapesOf(weights: { out: number; in: number }[]): LinearShape[] {
  const shapes = weights.flatMap((w): LinearShape[] => [
    { direction: "forward", columns: w.out, depth: w.in },
    { direction: "backward", columns: w.in, depth: w.out },
  ]);
  return [...new Map(shapes.map((shape) => [keyOf(shape), shape])).values()];
}

/** The cached choice of this adapter for the shapes of these weights, or a new one among what passed its gate, which is then cached. */
export async function tunedOf(
  gpu: Gpu,
  pipelines: PipelineCache,
  weights: { out: number; in: number }[],
  report: SelfTestReport,
  store: Store,
): Promise<Tuned> {
  const shapes = shapesOf(weights);
  const key = `tuned/${shapes.map(keyOf).join(", ")}/${adapterKey(gpu.facts, report.browser)}`;
  const sealed = await store.get(key);
  const cached = sealed && ((await unsealJson(sealed)) as Tuned | undefined);
  if (cached) return cached;
  const tuned = await autotune(gpu, pipelines, shapes, candidatesOf(gpu.facts, report.gates));
  await store.set([[key, await sealJson(tuned)]], "relaxed");
  return tuned;
}

/** Times each candidate on each shape with a 4-bit weight: `rows` rows in tiles, and one row. */
export async function autotune(
  gpu: Gpu,
  pipelines: PipelineCache,
  shapes: LinearShape[],
  candidates: Candidates,
  rows = ROWS,
): Promise<Tuned> {
  const tuned: Tuned = { linear: {}, decode: {} };
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
        absmax: arena.tensor("tuning/absmax", Math.ceil((out * inSize) / 128)),
        absmaxFormat: "f16",
      };
      const [x, y] = [arena.tensor("tuning/x", rows * depth), arena.tensor("tuning/y", rows * columns)];
      const times = (variants: Variants[], record: (r: Recorder<never>) => void): Promise<number[]> =>
        timed(arena, pipelines, variants, record);
      const { tiles, decodes } = candidates;
      const ofTiles = await times(
        tiles.map((tile) => forcedVariants(tile, "gpu")),
        (r) =>
          forward ? linearForward(r, { y, x, weight, rows }) : linearBackwardInput(r, { dx: y, dy: x, weight, rows }),
      );
      tuned.linear[keyOf(shape)] = fastestTile(tiles, ofTiles);
      if (!forward) continue;
      const ofDecodes = await times(
        decodes.map((decode) => forcedVariants("32x32", "gpu", decode)),
        (r) => {
          for (let i = 0; i < DECODES; i++) linearForward(r, { y, x, weight, rows: 1, tile: "decode" });
        },
      );
      tuned.decode[keyOf(shape)] = decodes[ofDecodes.indexOf(Math.min(...ofDecodes))]!;
    } finally {
      arena.dispose();
    }
  }
  return tuned;
}

/** The fastest tile; one of f16 weights only where it clearly pays. */
export function fastestTile(tiles: GpuTileName[], times: number[]): GpuTileName {
  const weighed = tiles.map((tile, i) => times[i]! / (gpuTiles[tile].halfWeights ? PAYS : 1));
  return tiles[weighed.indexOf(Math.min(...weighed))]!;
}

/** Milliseconds of what `record` records with each of these variants; the fastest of `ROUNDS` counts. */
async function timed(
  arena: Arena,
  pipelines: PipelineCache,
  variants: Variants[],
  record: (r: Recorder<never>) => void,
): Promise<number[]> {
  const programs = await Promise.all(
    variants.map((v) => {
      const r = new Recorder<never>(v);
      record(r);
      return r.build(arena, pipelines);
    }),
  );
  return (await timeRounds(programs, ROUNDS)).map((rounds) => Math.min(...rounds));
}
