/** What this adapter can do at best: independent multiply-adds in registers, and a copy. Our kernels are held against that. */
import type { Kernel } from "../workers/gpu/program.ts";
import type { Rules } from "./measure.ts";
import { type Bench, buildOwn, newArena, replay } from "./own.ts";
import type { PeerResults } from "./results.ts";

const THREADS = 64;
const CHAINS = 8;

/** `loops` times eight independent chains of vec4 multiply-adds; the result is written so that none can be left out. */
const fmaKernel: Kernel = {
  name: "peak fma",
  access: ["read_write"],
  code: `
struct Params { loops: u32, factor: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let f = vec4f(p.factor);
  ${Array.from({ length: CHAINS }, (_, i) => `var a${i} = vec4f(f32(id.x + ${i}u));`).join("\n  ")}
  for (var n = 0u; n < p.loops; n++) {
    ${Array.from({ length: CHAINS }, (_, i) => `a${i} = fma(a${i}, f, f);`).join("\n    ")}
  }
  y[id.x] = ${Array.from({ length: CHAINS }, (_, i) => `a${i}`).join(" + ")};
}`,
};

const copyKernel: Kernel = {
  name: "peak copy",
  access: ["read", "read_write"],
  code: `
@group(0) @binding(0) var<uniform> unused: vec4u;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y) + unused.x) { y[id.x] = x[id.x]; }
}`,
};

export interface PeakCase {
  workgroups: number;
  loops: number;
  copyBytes: number;
}

/** Fastest of `rounds`. */
export async function measurePeak(
  bench: Bench,
  c: PeakCase,
  { rounds, targetMs, clock }: Pick<Rules, "rounds" | "targetMs" | "clock">,
): Promise<PeerResults["peak"]> {
  const arena = newArena(bench);
  try {
    const y = arena.tensor("y", c.workgroups * THREADS * 4);
    const flops = c.workgroups * THREADS * c.loops * CHAINS * 4 * 2;
    const fma = await buildOwn(bench, arena, (r) =>
      r.dispatch({
        kernel: fmaKernel,
        tensors: [y],
        params: [c.loops, { f32: 0.5 }],
        workgroups: [c.workgroups],
        flops,
      }),
    );
    const [from, to] = [arena.tensor("from", c.copyBytes / 4), arena.tensor("to", c.copyBytes / 4)];
    const copy = await buildOwn(bench, arena, (r) =>
      r.dispatch({
        kernel: copyKernel,
        tensors: [from, to],
        params: [0, 0, 0, 0],
        workgroups: [c.copyBytes / 16 / 256],
      }),
    );
    const fastest = async (run: (times: number) => Promise<unknown>): Promise<number> => {
      const timed = async (times: number): Promise<number> => {
        const started = await clock.now();
        await run(times);
        return (await clock.now()) - started;
      };
      await run(1);
      const repeats = Math.max(1, Math.ceil(targetMs / Math.max(await timed(1), 0.1)));
      let best = Number.POSITIVE_INFINITY;
      for (let n = 0; n < rounds; n++) best = Math.min(best, (await timed(repeats)) / repeats);
      return best / 1000;
    };
    const fmaSeconds = await fastest(replay(bench, fma));
    const copySeconds = await fastest(replay(bench, copy));
    return { flopsPerSecond: flops / fmaSeconds, bytesPerSecond: (2 * c.copyBytes) / copySeconds };
  } finally {
    arena.dispose();
  }
}
