/** What an adapter can do at best: independent multiply-adds in registers, and a copy. Every kernel is held against that. */

import type { Tensor } from "../gpu/buffers.ts";
import type { Kernel, Recorder } from "../gpu/program.ts";
import { softwareVariants } from "../gpu/variants.ts";
import type { Context } from "./parts.ts";
import type { Sizes } from "./sizes.ts";
import { timed, withArena } from "./timing.ts";

const THREADS = 64;
const CHAINS = 8;
const COPY_THREADS = 256;

const chains = (text: (i: number) => string, separator: string): string =>
  Array.from({ length: CHAINS }, (_, i) => text(i)).join(separator);

/** `loops` times eight independent chains of vec4 multiply-adds; the result is written so that none can be left out. */
const fmaKernel = (type: "f32" | "f16"): Kernel => ({
  name: `peak fma ${type}`,
  access: ["read_write"],
  sliced: true,
  code: `
${type === "f16" ? "enable f16;" : ""}
struct Params { loops: u32, factor: f32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let i = gid.x + p.firstX * ${THREADS}u;
  let f = vec4<${type}>(${type}(p.factor));
  ${chains((n) => `var a${n} = vec4<${type}>(${type}(i % 64u + ${n}u));`, "\n  ")}
  for (var n = 0u; n < p.loops; n++) {
    ${chains((n) => `a${n} = fma(a${n}, f, f);`, "\n    ")}
  }
  y[i] = vec4f(${chains((n) => `a${n}`, " + ")});
}`,
});

const copyKernel: Kernel = {
  name: "peak copy",
  access: ["read", "read_write"],
  code: `
@group(0) @binding(0) var<uniform> unused: vec4u;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${COPY_THREADS})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y) + unused.x) { y[id.x] = x[id.x]; }
}`,
};

const fmas = { f32: fmaKernel("f32"), f16: fmaKernel("f16") };

/** Words of the result of `peakFma`. */
export const fmaWords = ({ workgroups }: Sizes["peak"]): number => workgroups * THREADS * 4;
export const fmaFlops = ({ workgroups, loops }: Omit<Sizes["peak"], "copyBytes">): number =>
  workgroups * THREADS * loops * CHAINS * 4 * 2;

/** Multiply-adds in registers; `y` has `fmaWords`. f16 needs the feature shader-f16. */
export function peakFma(
  r: Recorder<never>,
  y: Tensor,
  size: Omit<Sizes["peak"], "copyBytes">,
  type: "f32" | "f16" = "f32",
): void {
  const params = [size.loops, { f32: 0.5 }];
  r.dispatch({ kernel: fmas[type], tensors: [y], params, workgroups: [size.workgroups], flops: fmaFlops(size) });
}

/** `to` = `from`, of the same length in words, a multiple of 1024. */
export function peakCopy(r: Recorder<never>, to: Tensor, from: Tensor): void {
  const workgroups: [number] = [to.length / 4 / COPY_THREADS];
  // As many FLOPs as bytes: for the slicer's estimate.
  r.dispatch({ kernel: copyKernel, tensors: [from, to], params: [0, 0, 0, 0], workgroups, flops: 8 * to.length });
}

/** Fills `found.peak`. */
export async function measurePeak(c: Context): Promise<void> {
  const { peak } = c.found;
  const size = c.sizes.peak;
  await withArena(c, async (arena) => {
    const types = c.gpu.device.features.has("shader-f16") ? (["f32", "f16"] as const) : (["f32"] as const);
    for (const type of types) {
      const y = arena.tensor("y", fmaWords(size));
      const [run] = await timed(c, arena, [softwareVariants], (r) => peakFma(r, y, size, type));
      peak[type] = { perSecond: (1000 * run!.flops) / run!.time.median, time: run!.time };
      c.say(`peak ${type}: ${(peak[type].perSecond / 1e9).toPrecision(4)} GFLOP/s`);
    }
    const [from, to] = [arena.tensor("from", size.copyBytes / 4), arena.tensor("to", size.copyBytes / 4)];
    const [run] = await timed(c, arena, [softwareVariants], (r) => peakCopy(r, to, from));
    peak.copy = { perSecond: (2000 * size.copyBytes) / run!.time.median, time: run!.time };
    c.say(`copy: ${(peak.copy.perSecond / 1e9).toPrecision(4)} GB/s`);
  });
}
