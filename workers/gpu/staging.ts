/** The way back to the CPU: one mapped buffer, made once, for what is read after every step or token. */
import type { Counters, Tensor } from "./buffers.ts";
import type { Gpu } from "./device.ts";

export interface Staging {
  /**
   * The first `bytes` of each tensor (multiples of 4, no more in all than the staging has), one behind the other, once the GPU is done.
   * One read at a time.
   */
  read(...parts: [source: Tensor, bytes: number][]): Promise<ArrayBuffer>;
  destroy(): void;
}

export function createStaging(gpu: Gpu, counters: Counters, label: string, size: number): Staging {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  counters.buffersCreated += 1;
  return stagingIn(gpu, counters, gpu.device.createBuffer({ label, size, usage }));
}

/** In a buffer that was allocated "to read". */
export function stagingIn(gpu: Gpu, counters: Counters, buffer: GPUBuffer): Staging {
  const { device } = gpu;
  return {
    async read(...parts) {
      const command = device.createCommandEncoder();
      let bytes = 0;
      for (const [source, length] of parts) {
        command.copyBufferToBuffer(source.buffer, source.offset, buffer, bytes, length);
        bytes += length;
      }
      device.queue.submit([command.finish()]);
      counters.submits += 1;
      await buffer.mapAsync(GPUMapMode.READ, 0, bytes).catch((cause) => {
        gpu.alive();
        throw cause;
      });
      const copy = buffer.getMappedRange(0, bytes).slice(0);
      buffer.unmap();
      counters.bytesRead += bytes;
      // A lost device maps zeros without an error: nothing read after a loss may be believed.
      gpu.alive();
      return copy;
    },
    destroy: () => buffer.destroy(),
  };
}
