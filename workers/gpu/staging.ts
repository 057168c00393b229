/** The way back to the CPU: one mapped buffer, made once, for what is read after every step or token. */
import type { Counters, Tensor } from "./buffers.ts";
import type { Gpu } from "./device.ts";

export interface Staging {
  /** The first `bytes` of a tensor (a multiple of 4, no more than the staging has), once the GPU is done. One read at a time. */
  read(source: Tensor, bytes: number): Promise<ArrayBuffer>;
  destroy(): void;
}

export function createStaging(gpu: Gpu, counters: Counters, label: string, size: number): Staging {
  const { device } = gpu;
  const buffer = device.createBuffer({ label, size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  counters.buffersCreated += 1;
  return {
    async read(source, bytes) {
      const command = device.createCommandEncoder();
      command.copyBufferToBuffer(source.buffer, source.offset, buffer, 0, bytes);
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
