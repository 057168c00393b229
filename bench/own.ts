/** Our kernels as a side of a comparison, and the data that all sides work on. */
import { Arena, newCounters, readBack, type Tensor } from "../workers/gpu/buffers.ts";
import type { Gpu } from "../workers/gpu/device.ts";
import { type Pace, whole } from "../workers/gpu/pace.ts";
import { PipelineCache, type Program, Recorder } from "../workers/gpu/program.ts";
import { selectVariants } from "../workers/kernels/select.ts";

export { randomArray } from "../workers/gpu/numbers.ts";

/** What all sections share. */
export interface Bench {
  gpu: Gpu;
  pipelines: PipelineCache;
  pace: Pace;
}

export function openBench(gpu: Gpu): Bench {
  return {
    gpu,
    pipelines: new PipelineCache(gpu, newCounters()),
    pace: { flopsPerSecond: gpu.facts.software ? 1e9 : 1e12 },
  };
}

export const newArena = (bench: Bench): Arena => new Arena(bench.gpu, newCounters());

export function buildOwn(bench: Bench, arena: Arena, record: (r: Recorder) => void): Promise<Program> {
  const recorder = new Recorder(selectVariants(bench.gpu.facts));
  record(recorder);
  return recorder.build(arena, bench.pipelines);
}

/** Replays of a program of a single dispatch may be queued behind each other: none waits for the one before. */
export const replay = (bench: Bench, program: Program) => (times: number) =>
  Promise.all(Array.from({ length: times }, () => program.run({}, bench.pace, { budget: whole })));

export async function readOne(bench: Bench, tensor: Tensor): Promise<Float32Array> {
  return (await readBack(bench.gpu, [tensor]))[0]!;
}

/** [rows, columns] -> [columns, rows] */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  return out;
}

/** First and last of `rows` rows: enough for a slow reference to tell a wrong product. */
export function ends(values: Float32Array, rows: number): Float32Array {
  const width = values.length / rows;
  const out = new Float32Array(2 * width);
  out.set(values.subarray(0, width));
  out.set(values.subarray(values.length - width), width);
  return out;
}
