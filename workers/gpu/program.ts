/**
 * Record once, replay. A `Program` is a list of dispatches with pipelines and bind groups made in advance; what changes from
 * step to step (rows of this micro-batch, the optimizer's step number …) lies in 256-byte uniform slots, written by one
 * `writeBuffer` per submit. So a steady step creates no buffer, no bind group and no pipeline. A dispatch that would run long is
 * sent in pieces of whole workgroups: the same workgroups do the same work, so a result does not depend on the cut by a bit.
 */
import { type Arena, type Counters, type Tensor, tensorBytes } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { type Budget, budgetOf, isKnown, type KernelPace, learn, type Pace, paceOf, whole } from "./pace.ts";
import { type Cuttable, Pieces } from "./pieces.ts";
import { type Dims, evaluate, type Param, type Size } from "./sizes.ts";
import { SLOT, SLOTS } from "./submits.ts";
import type { Timestamps } from "./timestamps.ts";
import { softwareVariants, type Variants } from "./variants.ts";

export { ceilDiv, type Dims, evaluate, f32, type Param, type Size } from "./sizes.ts";

/** One kernel: WGSL whose binding 0 is `var<uniform> p: Params`, and bindings 1… are storage buffers in order. */
export interface Kernel {
  name: string;
  code: string;
  /** "read" or "read_write" for bindings 1…, in order: must match the WGSL. */
  access: ("read" | "read_write")[];
  /**
   * It can be sent in pieces: `Params` ends in `firstX: u32, firstY: u32, firstZ: u32`, the first workgroup of a piece, which the
   * WGSL adds to `workgroup_id`; and it does not ask for `num_workgroups`. For all kernels that can run longer than a few ms.
   */
  sliced?: true;
}

export interface DispatchSpec<K extends string = string> {
  kernel: Kernel;
  /** Storage buffers for bindings 1…, in order. */
  tensors: Tensor[];
  /** Fields of `Params`, in order, four bytes each (61 at most), without the three of a sliced kernel. */
  params: Param<K>[];
  /** Workgroups [x, y, z]; each at most 65,535. A zero skips the dispatch. */
  workgroups: [Size<K>, Size<K>?, Size<K>?];
  /** Floating-point operations, for the cost counters and the slicer; in proportion to the bytes where there are none. */
  flops?: Size<K>;
}

/** Sees values at a place of a replay; false ends it. */
export type Look = (place: string, values: Tensor) => Promise<boolean>;

/** A place between two dispatches where values can be looked at. It costs a replay nothing. */
interface Point<K extends string> {
  name: string;
  /** f32. */
  tensor: Tensor;
  /** Values that are written by then. */
  count: Size<K>;
  /** Dispatches before it. */
  at: number;
}

interface Recorded<K extends string> extends Cuttable<K> {
  kernel: Kernel;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  /** Words of the slot: those that no replay changes are filled in. */
  fixed: Uint32Array;
  varying: { word: number; float: boolean; size: (dims: Dims<K>) => number }[];
}

export interface KernelTime {
  dispatches: number;
  ms: number;
  flops: number;
}

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
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } },
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

/** Collects dispatches of a program whose dims are `K`; `build` compiles and binds them. */
export class Recorder<K extends string = string> {
  readonly specs: DispatchSpec<K>[] = [];
  readonly points: Point<K>[] = [];
  readonly variants: Variants;

  constructor(variants: Variants = softwareVariants) {
    this.variants = variants;
  }

  dispatch(spec: DispatchSpec<K>): void {
    if (spec.params.length > SLOT / 4 - 3) throw new Error(`${spec.kernel.name}: more than 61 parameters`);
    if (spec.tensors.length !== spec.kernel.access.length) throw new Error(`${spec.kernel.name}: bindings differ`);
    this.specs.push(spec);
  }

  /** From here on the first `count` values of `tensor` are what `name` calls them: `trace` looks at them. */
  point(name: string, tensor: Tensor, count: Size<K>): void {
    this.points.push({ name, tensor, count, at: this.specs.length });
  }

  async build(arena: Arena, pipelines: PipelineCache): Promise<Program<K>> {
    const { device } = arena.gpu;
    const { uniforms } = arena.gpu.submits;
    const compiled = await Promise.all(this.specs.map((spec) => pipelines.get(spec.kernel)));
    const recorded = this.specs.map((spec, i): Recorded<K> => {
      const pipeline = compiled[i]!;
      const entries: GPUBindGroupEntry[] = [
        { binding: 0, resource: { buffer: uniforms, size: SLOT } },
        ...spec.tensors.map((t, b) => ({
          binding: b + 1,
          resource: { buffer: t.buffer, offset: t.offset, size: tensorBytes(t.length) },
        })),
      ];
      arena.counters.bindGroupsCreated += 1;
      const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      const [x, y = 1, z = 1] = spec.workgroups;
      return {
        kernel: spec.kernel,
        pipeline,
        bindGroup,
        ...slotOf(spec.params),
        workgroups: [x, y, z],
        flops: spec.flops ?? 0,
      };
    });
    return new Program(arena, recorded, this.points);
  }
}

/** What a slot holds in every replay, and what is to be filled in. */
function slotOf<K extends string>(params: Param<K>[]): Pick<Recorded<K>, "fixed" | "varying"> {
  const fixed = new Uint32Array(params.length);
  const floats = new Float32Array(fixed.buffer);
  const varying: Recorded<K>["varying"] = [];
  params.forEach((param, word) => {
    const float = typeof param === "object";
    const size = float ? param.f32 : param;
    if (typeof size === "function") varying.push({ word, float, size });
    else if (float) floats[word] = size;
    else fixed[word] = size;
  });
  return { fixed, varying };
}

export interface RunOptions {
  /** Default: that of the pace's mode. */
  budget?: Budget;
}

/** Replays with the dims `K`, all of which each replay has to give. */
export class Program<K extends string = string> {
  readonly #arena: Arena;
  readonly #recorded: Recorded<K>[];
  readonly #offset = new Uint32Array(1);
  readonly #points: readonly Point<K>[];
  #paces: { of: Pace; list: KernelPace[] } | undefined;

  constructor(arena: Arena, recorded: Recorded<K>[], points: readonly Point<K>[] = []) {
    this.#arena = arena;
    this.#recorded = recorded;
    this.#points = points;
  }

  get dispatches(): number {
    return this.#recorded.length;
  }

  /** Kernel names in order, for tests and the profiler. */
  get kernels(): string[] {
    return this.#recorded.map((r) => r.kernel.name);
  }

  /** FLOPs of one replay with these dims. */
  flops(dims: Dims<K>): number {
    return this.#recorded.reduce((sum, r) => sum + evaluate(r.flops, dims), 0);
  }

  /**
   * Replays the program. Dispatches and submits are cut so that each stays within the time budget by the running estimate, which
   * learns from every submit. Resolves when the GPU has finished; throws when the device was lost.
   */
  async run(dims: Dims<K>, pace: Pace, options: RunOptions = {}): Promise<void> {
    const { gpu, counters } = this.#arena;
    // Asked anew for each submit: the user may change the mode.
    const budget = (): Budget => options.budget ?? budgetOf(pace);
    const pieces = new Pieces(this.#recorded, this.#pacesOf(pace), dims);
    while (!pieces.done) {
      const expected = new Map<KernelPace, number>();
      const encode = (pass: GPUComputePassEncoder): number => {
        const began = performance.now();
        const now = budget();
        const first = pieces.pace;
        // Alone in its submit, and no longer than a dispatch: it may take far more than was guessed.
        const alone = !isKnown(first);
        const limit = (alone ? now.dispatchMs : now.submitMs) / 1000;
        let pipeline: GPUComputePipeline | undefined;
        let seconds = 0;
        let slots = 0;
        while (!pieces.done && slots < SLOTS && (alone ? pieces.pace === first : isKnown(pieces.pace))) {
          pieces.cut(now);
          if (slots > 0 && seconds + pieces.seconds > limit) break;
          if (pieces.of.pipeline !== pipeline) pass.setPipeline(pieces.of.pipeline);
          pipeline = pieces.of.pipeline;
          this.#encode(pass, slots, pieces, dims);
          expected.set(pieces.pace, (expected.get(pieces.pace) ?? 0) + pieces.seconds);
          counters.longestDispatchMs = Math.max(counters.longestDispatchMs, pieces.seconds * 1000);
          seconds += pieces.seconds;
          slots += 1;
          pieces.advance();
        }
        counters.dispatches += slots;
        counters.submits += 1;
        counters.bytesWritten += slots * SLOT;
        counters.longestSubmitMs = Math.max(counters.longestSubmitMs, seconds * 1000);
        counters.encodeMs += performance.now() - began;
        return slots;
      };
      // What is not known is not sent a second time before the first has told.
      const inFlight = isKnown(pieces.pace) ? budget().inFlight : 1;
      await gpu.submits.submit({ ...budget(), inFlight }, encode, (seconds) => learn(expected, seconds));
    }
    await gpu.submits.finished();
    await gpu.nameRefusal(() => this.#refused(dims));
    gpu.alive();
  }

  /** Replays, with a stop at each recorded point, whose values `look` may read. It ends the replay with false, which is then returned. */
  async trace(dims: Dims<K>, pace: Pace, look: Look): Promise<boolean> {
    let from = 0;
    for (const { name, tensor, count, at } of this.#points) {
      await new Program(this.#arena, this.#recorded.slice(from, at)).run(dims, pace);
      from = at;
      if (!(await look(name, { ...tensor, length: evaluate(count, dims) }))) return false;
    }
    await new Program(this.#arena, this.#recorded.slice(from)).run(dims, pace);
    return true;
  }

  /** The kernel of this replay that the GPU refuses: each is encoded alone, which is judged before anything is sent. Nothing is sent. */
  async #refused(dims: Dims<K>): Promise<string | undefined> {
    const { device } = this.#arena.gpu;
    const judged: { name: string; error: Promise<GPUError | null> }[] = [];
    const pieces = new Pieces(this.#recorded, this.#pacesOf({ flopsPerSecond: 1e9 }), dims);
    for (; !pieces.done; pieces.advance()) {
      pieces.cut(whole);
      const { kernel, pipeline } = pieces.of;
      device.pushErrorScope("validation");
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      this.#encode(pass, 0, pieces, dims);
      pass.end();
      encoder.finish();
      judged.push({ name: kernel.name, error: device.popErrorScope() });
    }
    for (const { name, error } of judged) if (await error) return name;
    return undefined;
  }

  /** Of each dispatch; looked up once as long as the pace is the same. */
  #pacesOf(pace: Pace): KernelPace[] {
    if (this.#paces?.of !== pace) {
      this.#paces = { of: pace, list: this.#recorded.map((r) => paceOf(pace, r.kernel.name)) };
    }
    return this.#paces.list;
  }

  /** Fills slot `slot` and dispatches; the pass has the pipeline. */
  #encode(pass: GPUComputePassEncoder, slot: number, piece: Pieces<K, Recorded<K>>, dims: Dims<K>): void {
    const r = piece.of;
    const { words, floats } = this.#arena.gpu.submits;
    const base = (slot * SLOT) / 4;
    words.set(r.fixed, base);
    for (const v of r.varying) {
      if (v.float) floats[base + v.word] = v.size(dims);
      else words[base + v.word] = v.size(dims);
    }
    if (r.kernel.sliced) {
      const at = base + r.fixed.length;
      words[at] = piece.x;
      words[at + 1] = piece.y;
      words[at + 2] = piece.z;
    }
    this.#offset[0] = slot * SLOT;
    pass.setBindGroup(0, r.bindGroup, this.#offset, 0, 1);
    pass.dispatchWorkgroups(piece.sizeX, piece.sizeY, piece.sizeZ);
  }

  /**
   * Replays with one submit per dispatch and measures each: by kernel, the dispatches, their time in ms by the GPU's own `stamps`, else
   * as `clock` tells it, and their FLOPs. Slow; for the bench and for finding what a step spends its time on.
   */
  async profile(
    dims: Dims<K>,
    { clock = () => performance.now(), stamps }: { clock?: () => number; stamps?: Timestamps | undefined } = {},
  ): Promise<Map<string, KernelTime>> {
    const { submits } = this.#arena.gpu;
    await submits.finished();
    const times = new Map<string, KernelTime>();
    const stamped: KernelTime[] = [];
    const readStamps = async (): Promise<void> => {
      for (const [i, ms] of (await stamps!.read()).entries()) stamped[i]!.ms += ms;
      stamped.length = 0;
    };
    const pieces = new Pieces(this.#recorded, this.#pacesOf({ flopsPerSecond: 1e9 }), dims);
    for (; !pieces.done; pieces.advance()) {
      const { kernel, pipeline, flops } = pieces.of;
      pieces.cut(whole);
      const started = clock();
      const encode = (pass: GPUComputePassEncoder): number => {
        pass.setPipeline(pipeline);
        this.#encode(pass, 0, pieces, dims);
        return 1;
      };
      await submits.submit(whole, encode, undefined, stamps?.next());
      const time = times.get(kernel.name) ?? { dispatches: 0, ms: 0, flops: 0 };
      time.dispatches += 1;
      time.flops += evaluate(flops, dims);
      times.set(kernel.name, time);
      if (stamps) {
        stamped.push(time);
        if (stamps.full) await readStamps();
        continue;
      }
      await submits.finished();
      time.ms += clock() - started;
    }
    if (stamps) await readStamps();
    return times;
  }
}
