/** What kernel tests share: one device per test file, a recorder that runs at once, and numbers.ts. */
import { Arena, newCounters, readBack, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { type Dims, PipelineCache, Recorder } from "../gpu/program.ts";
import { softwareVariants, type Variants } from "../gpu/variants.ts";
import { testGpu } from "./device.ts";

export { random, randomArray, relativeError } from "../gpu/numbers.ts";

export interface Bench {
  gpu: Gpu;
  arena: Arena;
  pipelines: PipelineCache;
  /** Records with `record`, replays once with `dims`, and reads `outputs` back. */
  run<K extends string = never>(
    record: (recorder: Recorder<K>) => void,
    outputs: Tensor[],
    dims?: Dims<K>,
    variants?: Variants,
  ): Promise<Float32Array[]>;
}

/** `own`: a device of its own in place of the one that tests share, for what a device does not get over. */
export async function testBench(own?: Gpu): Promise<Bench> {
  const gpu = own ?? (await testGpu());
  const counters = newCounters();
  const arena = new Arena(gpu, counters);
  const pipelines = new PipelineCache(gpu, counters);
  return {
    gpu,
    arena,
    pipelines,
    async run<K extends string>(
      record: (recorder: Recorder<K>) => void,
      outputs: Tensor[],
      dims = {} as Dims<K>,
      variants = softwareVariants,
    ) {
      const recorder = new Recorder<K>(variants);
      record(recorder);
      const program = await recorder.build(arena, pipelines);
      await program.run(dims, { flopsPerSecond: 1e9 });
      return readBack(gpu, outputs);
    },
  };
}
