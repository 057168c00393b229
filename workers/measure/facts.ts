/** What the adapter says of itself, and whether its limits are true. */
import { toReport } from "../errors.ts";
import { readBack, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { type Kernel, Recorder } from "../gpu/program.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import type { Context } from "./parts.ts";
import type { Measurement } from "./report.ts";
import { withArena } from "./timing.ts";

/** Facts, features and every limit of the adapter that `openGpu` takes too. */
export async function adapterOf(api: GPU, { facts }: Gpu): Promise<Measurement["adapter"]> {
  const adapter = await api.requestAdapter({ powerPreference: "high-performance" });
  const limits: Record<string, number> = {};
  for (const name in adapter?.limits ?? {}) {
    const value: unknown = adapter!.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number" && Number.isFinite(value)) limits[name] = value;
  }
  const { vendor, architecture, description, software, features } = facts;
  return { vendor, architecture, device: adapter?.info.device ?? "", description, software, features, limits };
}

/** Threads along x that every adapter allows; a device has no more unless it asked for more. */
const WIDEST = 256;

/** Every thread of the largest workgroup writes one word of the largest workgroup memory, and reads that of another. */
const workgroupKernel = (threads: number, bytes: number): Kernel => {
  const words = Math.floor(bytes / 4);
  return {
    name: "limits of a workgroup",
    access: ["read_write"],
    code: `
@group(0) @binding(0) var<uniform> unused: vec4u;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
var<workgroup> memory: array<u32, ${words}>;
@compute @workgroup_size(${Math.min(threads, WIDEST)}, ${Math.ceil(threads / WIDEST)})
fn main(@builtin(local_invocation_index) i: u32) {
  for (var n = i; n < ${words}u; n += ${threads}u) { memory[n] = n + unused.x; }
  workgroupBarrier();
  var sum = 0u;
  for (var n = i; n < ${words}u; n += ${threads}u) { sum += memory[${words}u - 1u - n]; }
  y[i] = sum;
}`,
  };
};

/** Tries the limits that kernels and buffers lean on. A limit that does not hold is a finding; all are in `found.limits`. */
export async function tryLimits(c: Context): Promise<void> {
  const { facts } = c.gpu;
  const bytes = Math.min(facts.maxStorageBufferBindingSize, facts.maxBufferSize);
  await tryOne(c, "maxStorageBufferBindingSize", bytes, Math.min(bytes, c.sizes.limitBytes), bindLast);
  const threads = facts.maxComputeInvocationsPerWorkgroup;
  await tryOne(c, "maxComputeInvocationsPerWorkgroup", threads, threads, (n) => runWorkgroup(c, n, 4 * n));
  const memory = facts.maxComputeWorkgroupStorageSize;
  await tryOne(c, "maxComputeWorkgroupStorageSize", memory, memory, (n) => runWorkgroup(c, 64, n));
  const wrong = c.found.limits.filter(({ held }) => !held);
  if (wrong.length > 0)
    throw new Error(wrong.map(({ name, message }) => `${name} does not hold: ${message}`).join(" "));

  /** The last words of a buffer of this size are written and read. */
  async function bindLast(size: number): Promise<void> {
    await withArena(c, async (arena) => {
      const length = Math.floor(size / 1024) * 256;
      const r = new Recorder<never>();
      const tensor = arena.tensor("limit", length);
      const start = Math.max(0, length - 64);
      const code = `
struct Params { start: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { y[p.start + id.x] = p.start + id.x; }`;
      r.dispatch({
        kernel: { name: "limit of a binding", code, access: ["read_write"] },
        tensors: [tensor],
        params: [start],
        workgroups: [1],
      });
      await (await r.build(arena, c.pipelines)).run({}, { flopsPerSecond: 1e9 });
      const got = await words(c.gpu, tensor, start, 64);
      if (got.some((v, i) => v !== start + i)) throw new Error(`the end of a buffer of ${size} bytes has other values`);
    });
  }
}

async function runWorkgroup(c: Context, threads: number, bytes: number): Promise<void> {
  await withArena(c, async (arena) => {
    const y = arena.tensor("limit", threads);
    const r = new Recorder<never>();
    const kernel = workgroupKernel(threads, bytes);
    r.dispatch({ kernel, tensors: [y], params: [0, 0, 0, 0], workgroups: [1] });
    await (await r.build(arena, c.pipelines)).run({}, { flopsPerSecond: 1e9 });
    const got = await words(c.gpu, y, 0, threads);
    const total = Math.floor(bytes / 4);
    const sums = Array.from({ length: threads }, (_, i) => {
      let sum = 0;
      for (let n = i; n < total; n += threads) sum += total - 1 - n;
      return sum;
    });
    if (got.some((v, i) => v !== sums[i]! >>> 0))
      throw new Error(`${threads} threads with ${bytes} bytes give other sums`);
  });
}

/** `length` words of a tensor from word `from` on. */
async function words(gpu: Gpu, { buffer, offset }: Tensor, from: number, length: number): Promise<Uint32Array> {
  const [read] = await readBack(gpu, [{ buffer, offset: offset + 4 * from, length }]);
  return new Uint32Array(read!.buffer);
}

async function tryOne(
  c: Context,
  name: string,
  stated: number,
  tried: number,
  holds: (size: number) => Promise<void>,
): Promise<void> {
  const message = await trialAllocation(c.gpu, () => holds(tried)).then(
    () => "",
    (error) => toReport(error).message,
  );
  c.found.limits.push({ name, stated, tried, held: message === "", message });
}
