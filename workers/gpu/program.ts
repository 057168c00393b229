/**
 * Record once, replay. A `Program` is a list of dispatches with pipelines and bind groups made in advance; what changes from
 * step to step (rows of this micro-batch, the optimizer's step number …) lives in the 256-byte uniform slot of each dispatch,
 * which is rewritten by one `writeBuffer` per replay. So a steady step creates no buffer, no bind group and no pipeline.
 */
import { type Arena, type Counters, type Tensor, tensorBytes } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { registerVariants, type Variants } from "./variants.ts";

/** Numbers of one replay, by name: `rows`, `labelRows`, `past`, `learningRate` … */
export type Dims = Record<string, number>;
/** A number fixed at recording time, or a function of the replay's dims. */
export type Size = number | ((dims: Dims) => number);
/** A uniform field: u32 unless wrapped by `f32()`. */
export type Param = Size | { f32: Size };

export const f32 = (value: Size): Param => ({ f32: value });
export const evaluate = (size: Size, dims: Dims): number => (typeof size === "number" ? size : size(dims));

/** One kernel: WGSL whose binding 0 is `var<uniform> p: Params`, and bindings 1… are storage buffers in order. */
export interface Kernel {
  name: string;
  code: string;
  /** "read" or "read_write" for bindings 1…, in order: must match the WGSL. */
  access: ("read" | "read_write")[];
}

export interface DispatchSpec {
  kernel: Kernel;
  /** Storage buffers for bindings 1…, in order. */
  tensors: Tensor[];
  /** Fields of `Params`, in order, four bytes each (64 at most). */
  params: Param[];
  /** Workgroups [x, y, z]; each at most 65,535. A zero skips the dispatch. */
  workgroups: [Size, Size?, Size?];
  /** Floating-point operations, for the cost counters and the slicer. */
  flops?: Size;
}

interface Recorded {
  kernel: string;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  params: Param[];
  workgroups: [Size, Size, Size];
  flops: Size;
}

export interface KernelTime {
  dispatches: number;
  ms: number;
  flops: number;
}

const SLOT = 256;

/** Compiles each distinct WGSL text once per device. */
export class PipelineCache {
  readonly #gpu: Gpu;
  readonly #counters: Counters;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(gpu: Gpu, counters: Counters) {
    this.#gpu = gpu;
    this.#counters = counters;
  }

  get(kernel: Kernel): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(kernel.code);
    if (!pipeline) {
      this.#counters.pipelinesCreated += 1;
      const module = this.#gpu.device.createShaderModule({ label: kernel.name, code: kernel.code });
      const entries: GPUBindGroupLayoutEntry[] = [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } },
        ...kernel.access.map(
          (access, i): GPUBindGroupLayoutEntry => ({
            binding: i + 1,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type: access === "read" ? "read-only-storage" : "storage" },
          }),
        ),
      ];
      const layout = this.#gpu.device.createPipelineLayout({
        bindGroupLayouts: [this.#gpu.device.createBindGroupLayout({ entries })],
      });
      pipeline = this.#gpu.device.createComputePipelineAsync({
        label: kernel.name,
        layout,
        compute: { module, entryPoint: "main" },
      });
      this.#pipelines.set(kernel.code, pipeline);
    }
    return pipeline;
  }
}

/** Collects dispatches; `build` compiles and binds them. */
export class Recorder {
  readonly specs: DispatchSpec[] = [];
  readonly variants: Variants;

  constructor(variants: Variants = registerVariants) {
    this.variants = variants;
  }

  dispatch(spec: DispatchSpec): void {
    if (spec.params.length > SLOT / 4) throw new Error(`${spec.kernel.name}: more than 64 parameters`);
    if (spec.tensors.length !== spec.kernel.access.length) throw new Error(`${spec.kernel.name}: bindings differ`);
    this.specs.push(spec);
  }

  async build(arena: Arena, pipelines: PipelineCache): Promise<Program> {
    const { device } = arena.gpu;
    const uniforms = arena.uniform("params", Math.max(1, this.specs.length) * SLOT);
    const compiled = await Promise.all(this.specs.map((spec) => pipelines.get(spec.kernel)));
    const recorded = this.specs.map((spec, i): Recorded => {
      const pipeline = compiled[i]!;
      const entries: GPUBindGroupEntry[] = [
        { binding: 0, resource: { buffer: uniforms, offset: i * SLOT, size: SLOT } },
        ...spec.tensors.map((t, b) => ({
          binding: b + 1,
          resource: { buffer: t.buffer, offset: t.offset, size: tensorBytes(t.length) },
        })),
      ];
      arena.counters.bindGroupsCreated += 1;
      const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      const [x, y = 1, z = 1] = spec.workgroups;
      return {
        kernel: spec.kernel.name,
        pipeline,
        bindGroup,
        params: spec.params,
        workgroups: [x, y, z],
        flops: spec.flops ?? 0,
      };
    });
    return new Program(arena, uniforms, recorded);
  }
}

/** Estimated GPU speed in FLOP/s that the slicer learns from finished submits; shared by all programs of a device. */
export interface Pace {
  flopsPerSecond: number;
}

export interface RunOptions {
  /** Upper bound of estimated GPU time per submit, in ms: keeps the user's desktop alive and the driver's watchdog quiet. */
  submitBudgetMs?: number;
}

/** At this size a submit is sent even when it is all small dispatches. */
const MAX_DISPATCHES_PER_SUBMIT = 256;
/** Fixed cost of one dispatch that the slicer assumes, as FLOPs, so that many tiny ones add up. */
const DISPATCH_OVERHEAD_FLOPS = 20_000;

export class Program {
  readonly #arena: Arena;
  readonly #uniforms: GPUBuffer;
  readonly #recorded: Recorded[];
  readonly #mirror: ArrayBuffer;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;

  constructor(arena: Arena, uniforms: GPUBuffer, recorded: Recorded[]) {
    this.#arena = arena;
    this.#uniforms = uniforms;
    this.#recorded = recorded;
    this.#mirror = new ArrayBuffer(Math.max(1, recorded.length) * SLOT);
    this.#words = new Uint32Array(this.#mirror);
    this.#floats = new Float32Array(this.#mirror);
  }

  get dispatches(): number {
    return this.#recorded.length;
  }

  /** Kernel names in order, for tests and the profiler. */
  get kernels(): string[] {
    return this.#recorded.map((r) => r.kernel);
  }

  /** FLOPs of one replay with these dims. */
  flops(dims: Dims): number {
    return this.#recorded.reduce((sum, r) => sum + evaluate(r.flops, dims), 0);
  }

  /**
   * Replays the program. Submits are cut so that each stays within the time budget by the running estimate, and at most two
   * are in flight; resolves when the GPU has finished the last but one (the caller's read-back waits for the rest).
   */
  async run(dims: Dims, pace: Pace, options: RunOptions = {}): Promise<void> {
    const { device } = this.#arena.gpu;
    const counters = this.#arena.counters;
    this.#writeParams(dims);
    device.queue.writeBuffer(this.#uniforms, 0, this.#mirror);
    counters.bytesWritten += this.#mirror.byteLength;

    const budget = ((options.submitBudgetMs ?? 100) / 1000) * pace.flopsPerSecond;
    let inFlight: Promise<void> | undefined;
    let i = 0;
    while (i < this.#recorded.length) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let cost = 0;
      let count = 0;
      while (i < this.#recorded.length && count < MAX_DISPATCHES_PER_SUBMIT) {
        const r = this.#recorded[i]!;
        const flops = evaluate(r.flops, dims) + DISPATCH_OVERHEAD_FLOPS;
        if (count > 0 && cost + flops > budget) break;
        const x = evaluate(r.workgroups[0], dims);
        const y = evaluate(r.workgroups[1], dims);
        const z = evaluate(r.workgroups[2], dims);
        i += 1;
        if (x === 0 || y === 0 || z === 0) continue;
        pass.setPipeline(r.pipeline);
        pass.setBindGroup(0, r.bindGroup);
        pass.dispatchWorkgroups(x, y, z);
        cost += flops;
        count += 1;
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      counters.dispatches += count;
      counters.submits += 1;
      const started = performance.now();
      const submitted = device.queue.onSubmittedWorkDone().then(() => {
        const seconds = (performance.now() - started) / 1000;
        // Only submits that ran long enough to be timed teach the pace; an average keeps one hiccup from halving the slices.
        if (seconds > 0.004) pace.flopsPerSecond = 0.7 * pace.flopsPerSecond + 0.3 * (cost / seconds);
      });
      // A lost device fails both that are in flight: the first is thrown, and nobody will wait for the second.
      submitted.catch(() => {});
      await inFlight;
      inFlight = submitted;
    }
    await inFlight;
    this.#arena.gpu.alive();
  }

  /**
   * Replays with one submit per dispatch and measures each: by kernel, the dispatches, their time in ms as `clock` tells it, and their
   * FLOPs. Slow; for the bench and for finding what a step spends its time on.
   */
  async profile(dims: Dims, clock: () => number = () => performance.now()): Promise<Map<string, KernelTime>> {
    const { device } = this.#arena.gpu;
    this.#writeParams(dims);
    device.queue.writeBuffer(this.#uniforms, 0, this.#mirror);
    await device.queue.onSubmittedWorkDone();
    const times = new Map<string, KernelTime>();
    for (const r of this.#recorded) {
      const [x, y, z] = r.workgroups.map((size) => evaluate(size, dims)) as [number, number, number];
      if (x * y * z === 0) continue;
      const started = clock();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(r.pipeline);
      pass.setBindGroup(0, r.bindGroup);
      pass.dispatchWorkgroups(x, y, z);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      const time = times.get(r.kernel) ?? { dispatches: 0, ms: 0, flops: 0 };
      time.dispatches += 1;
      time.ms += clock() - started;
      time.flops += evaluate(r.flops, dims);
      times.set(r.kernel, time);
    }
    return times;
  }

  #writeParams(dims: Dims): void {
    this.#recorded.forEach((r, i) => {
      const base = (i * SLOT) / 4;
      r.params.forEach((param, j) => {
        if (typeof param === "object") this.#floats[base + j] = evaluate(param.f32, dims);
        else this.#words[base + j] = evaluate(param, dims);
      });
    });
  }
}

/** Workgroups needed so that `groups * size` covers `n`. */
export const ceilDiv = (n: number, size: number): number => Math.ceil(n / size);
