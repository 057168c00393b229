/** A GPU for tests of what is sent to it: it computes nothing and takes the time it is told. */
import { Arena, type Counters, newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { PipelineCache } from "../gpu/program.ts";
import { SubmitQueue } from "../gpu/submits.ts";

export interface Sent {
  /** Kernel and workgroups of each dispatch of the submit, and the words of its slot. */
  dispatches: { kernel: string; groups: number[]; words: Uint32Array }[];
  at: number;
}

export interface FakeGpu {
  gpu: Gpu;
  arena: Arena;
  counters: Counters;
  pipelines: PipelineCache;
  sent: Sent[];
  writes: number;
  inFlight: number;
  mostInFlight: number;
}

/** `milliseconds` that a submit takes, one after the other; `keep` false remembers nothing of what is sent. */
export function fakeGpu(milliseconds: (sent: Sent) => number, keep = true): FakeGpu {
  Object.assign(globalThis, {
    GPUShaderStage: { COMPUTE: 4 },
    GPUBufferUsage: { UNIFORM: 64, COPY_DST: 8, STORAGE: 128, COPY_SRC: 4, MAP_READ: 1 },
  });
  let current: Sent = { dispatches: [], at: 0 };
  let offset = 0;
  let busyUntil = 0;
  let kernel = "";
  const pass = {
    setPipeline({ label }: { label: string }) {
      kernel = label;
    },
    setBindGroup(_: number, __: unknown, offsets: Uint32Array) {
      offset = offsets[0]!;
    },
    dispatchWorkgroups(x: number, y: number, z: number) {
      if (!keep) return;
      const words = fake.gpu.submits.words.slice(offset / 4, offset / 4 + 64);
      current.dispatches.push({ kernel, groups: [x, y, z], words });
    },
    end() {},
  };
  const queue = {
    writeBuffer() {
      fake.writes += 1;
    },
    submit() {
      fake.inFlight += 1;
      fake.mostInFlight = Math.max(fake.mostInFlight, fake.inFlight);
    },
    onSubmittedWorkDone() {
      const now = performance.now();
      const sent = { ...current, at: now };
      current = { dispatches: [], at: 0 };
      if (keep) fake.sent.push(sent);
      busyUntil = Math.max(busyUntil, now) + milliseconds(sent);
      const over = (): void => {
        fake.inFlight -= 1;
      };
      if (busyUntil <= now) return Promise.resolve().then(over);
      return new Promise<void>((resolve) => setTimeout(resolve, busyUntil - now)).then(over);
    },
  };
  const device = {
    queue,
    createBuffer: () => ({ destroy() {} }),
    createShaderModule: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: async ({ label }: { label: string }) => ({ label, getBindGroupLayout: () => ({}) }),
    createBindGroup: () => ({}),
    createCommandEncoder: () => ({ beginComputePass: () => pass, copyBufferToBuffer() {}, finish: () => ({}) }),
    pushErrorScope() {},
    popErrorScope: async () => null,
  } as unknown as GPUDevice;
  const facts = {
    ...{ maxStorageBufferBindingSize: 1e9, maxComputeWorkgroupStorageSize: 16384 },
    ...{ software: false, features: [], vendor: "", architecture: "" },
  };
  const gpu = { device, facts, submits: new SubmitQueue(device), alive() {}, async nameRefusal() {} } as unknown as Gpu;
  const counters = newCounters();
  const fake: FakeGpu = {
    gpu,
    arena: new Arena(gpu, counters),
    counters,
    pipelines: new PipelineCache(gpu, counters),
    sent: [],
    writes: 0,
    inFlight: 0,
    mostInFlight: 0,
  };
  return fake;
}
