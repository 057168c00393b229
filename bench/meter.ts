/**
 * Counts WebGPU calls at the API, so that a library on the page is counted like our own code, and our own code is not asked about
 * itself.
 */
import type { ApiCalls } from "./results.ts";

export interface Meter {
  calls: ApiCalls;
  /** Time in which at least one pipeline was being made. */
  compileMs: number;
  remove(): void;
}

const none = (): ApiCalls => ({
  dispatches: 0,
  submits: 0,
  buffersCreated: 0,
  bindGroupsCreated: 0,
  pipelinesCreated: 0,
  bytesWritten: 0,
});

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Counts from now on until `remove`. */
export function installMeter(): Meter {
  const undo: (() => void)[] = [];
  const wrap = (prototype: object, name: string, around: (call: () => unknown, given: unknown[]) => unknown): void => {
    const methods = prototype as Record<string, Method>;
    const original = methods[name]!;
    methods[name] = function (this: unknown, ...given: unknown[]) {
      return around(() => original.apply(this, given), given);
    };
    undo.push(() => {
      methods[name] = original;
    });
  };
  const meter: Meter = {
    calls: none(),
    compileMs: 0,
    remove() {
      for (const restore of undo) restore();
    },
  };
  const count = (prototype: object, name: string, key: keyof ApiCalls): void =>
    wrap(prototype, name, (call) => {
      meter.calls[key] += 1;
      return call();
    });

  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches");
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  count(GPUQueue.prototype, "submit", "submits");
  count(GPUDevice.prototype, "createBuffer", "buffersCreated");
  count(GPUDevice.prototype, "createBindGroup", "bindGroupsCreated");
  wrap(GPUQueue.prototype, "writeBuffer", (call, [, , data, , size]) => {
    const { byteLength, BYTES_PER_ELEMENT = 1 } = data as Uint8Array;
    meter.calls.bytesWritten += size === undefined ? byteLength : (size as number) * BYTES_PER_ELEMENT;
    return call();
  });

  let compiling = 0;
  let since = 0;
  const compile = (call: () => unknown): unknown => {
    meter.calls.pipelinesCreated += 1;
    if (compiling++ === 0) since = performance.now();
    const ended = (): void => {
      if (--compiling === 0) meter.compileMs += performance.now() - since;
    };
    const made = call();
    if (made instanceof Promise) return made.finally(ended);
    ended();
    return made;
  };
  wrap(GPUDevice.prototype, "createComputePipeline", compile);
  wrap(GPUDevice.prototype, "createComputePipelineAsync", compile);
  return meter;
}

/** The calls that `work` makes. */
export async function callsOf(meter: Meter, work: () => Promise<unknown>): Promise<ApiCalls> {
  meter.calls = none();
  await work();
  return meter.calls;
}
