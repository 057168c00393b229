/** What kernel tests share: one device per test file, a recorder that runs at once, seeded random numbers, error measures. */
import { Arena, newCounters, readBack, type Tensor } from "./buffers.ts";
import { type Gpu, openGpu } from "./device.ts";
import { nodeGpu } from "./node.ts";
import { type Dims, PipelineCache, Recorder } from "./program.ts";
import { registerVariants, type Variants } from "./variants.ts";

export interface Bench {
  gpu: Gpu;
  arena: Arena;
  pipelines: PipelineCache;
  /** Records with `record`, replays once with `dims`, and reads `outputs` back. */
  run(
    record: (recorder: Recorder) => void,
    outputs: Tensor[],
    dims?: Dims,
    variants?: Variants,
  ): Promise<Float32Array[]>;
}

let shared: Promise<Gpu> | undefined;

export async function testBench(): Promise<Bench> {
  shared ??= nodeGpu().then(openGpu);
  const gpu = await shared;
  const counters = newCounters();
  const arena = new Arena(gpu, counters);
  const pipelines = new PipelineCache(gpu, counters);
  return {
    gpu,
    arena,
    pipelines,
    async run(record, outputs, dims = {}, variants = registerVariants) {
      const recorder = new Recorder(variants);
      record(recorder);
      const program = await recorder.build(arena, pipelines);
      await program.run(dims, { flopsPerSecond: 1e9 });
      return readBack(gpu, outputs);
    },
  };
}

/** mulberry32: small, seeded, good enough for test data. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Uniform values in [-scale, scale). */
export function randomArray(length: number, seed: number, scale = 1): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length }, () => (next() * 2 - 1) * scale);
}

/** L2 norm of the difference over L2 norm of the expectation. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-30);
}
