/** The GPU's own clock around compute passes (feature "timestamp-query"): what a kernel took, without the way to it and back. */
import type { Gpu } from "./device.ts";

/** Passes between two reads. */
const PASSES = 512;
const BYTES = 2 * PASSES * 8;

/** Whether this device was opened with the feature (`openGpu(gpu, ["timestamp-query"])`). */
export const hasTimestamps = ({ device }: Gpu): boolean => device.features.has("timestamp-query");

export class Timestamps {
  readonly #gpu: Gpu;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;
  #taken = 0;

  constructor(gpu: Gpu) {
    const { device } = gpu;
    this.#gpu = gpu;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * PASSES });
    this.#resolved = device.createBuffer({
      size: BYTES,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.#staging = device.createBuffer({ size: BYTES, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  }

  /** True when no further pass fits before a read. */
  get full(): boolean {
    return this.#taken === PASSES;
  }

  /** For the descriptor of the next pass. */
  next(): GPUComputePassTimestampWrites {
    const at = 2 * this.#taken++;
    return { querySet: this.#queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Milliseconds of each pass since the last read, in order. */
  async read(): Promise<number[]> {
    const passes = this.#taken;
    if (passes === 0) return [];
    const encoder = this.#gpu.device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, 2 * passes, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16 * passes);
    this.#gpu.device.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(GPUMapMode.READ, 0, 16 * passes);
    const times = new BigUint64Array(this.#staging.getMappedRange(0, 16 * passes).slice(0));
    this.#staging.unmap();
    this.#taken = 0;
    this.#gpu.alive();
    // A clock that was set back between two stamps tells nothing.
    return Array.from({ length: passes }, (_, i) => Math.max(0, Number(times[2 * i + 1]! - times[2 * i]!) / 1e6));
  }

  dispose(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#staging.destroy();
  }
}
