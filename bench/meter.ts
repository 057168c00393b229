/** Counts WebGPU calls at the API, so that every library on the page is counted alike, ours too. */
import type { ApiCalls } from "./results.ts";

export interface Meter {
  calls: ApiCalls;
  /** Puts the API back as it was. */
  remove(): void;
}

export const noCalls = (): ApiCalls => ({
  dispatches: 0,
  submits: 0,
  writes: 0,
  buffersCreated: 0,
  bindGroupsCreated: 0,
  pipelinesCreated: 0,
});

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Counts from now on until `remove`. */
export function installMeter(): Meter {
  const undo: (() => void)[] = [];
  const meter: Meter = {
    calls: noCalls(),
    remove() {
      for (const restore of undo) restore();
    },
  };
  const count = (prototype: object, name: string, key: keyof ApiCalls): void => {
    const methods = prototype as Record<string, Method>;
    const original = methods[name]!;
    methods[name] = function (this: unknown, ...given: unknown[]) {
      meter.calls[key] += 1;
      return original.apply(this, given);
    };
    undo.push(() => {
      methods[name] = original;
    });
  };
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches");
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  count(GPUQueue.prototype, "submit", "submits");
  count(GPUQueue.prototype, "writeBuffer", "writes");
  count(GPUDevice.prototype, "createBuffer", "buffersCreated");
  count(GPUDevice.prototype, "createBindGroup", "bindGroupsCreated");
  count(GPUDevice.prototype, "createComputePipeline", "pipelinesCreated");
  count(GPUDevice.prototype, "createComputePipelineAsync", "pipelinesCreated");
  return meter;
}
