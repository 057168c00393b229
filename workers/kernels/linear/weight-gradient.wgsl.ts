/** WGSL of dW and db. Columns and rows beyond the matrix are read clamped, not stored. */
import type { Kernel } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { type Binding, declare, each, invocation } from "./common.wgsl.ts";

/** Threads of a workgroup, along the inputs. */
export const WORKGROUP = 32;
/** What a thread owns of dW. */
export const TILE = { outputs: 8, inputs: 16 } as const;

const paramsCode = /* wgsl */ `
struct Params { rows: u32, outSize: u32, inSize: u32, accumulate: u32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;`;

const kernelFor = (bias: boolean): Kernel => ({
  name: bias ? "linear dW db" : "linear dW",
  access: ["read", "read", "read_write", ...(bias ? ["read_write" as const] : [])],
  sliced: true,
  code: compose(
    paramsCode,
    declare([
      ["dy", "f32", "read"],
      ["x", "vec4f", "read"],
      ["dW", "vec4f", "read_write"],
      ...(bias ? [["db", "f32", "read_write"] satisfies Binding] : []),
    ]),
    /* wgsl */ `
@compute @workgroup_size(${WORKGROUP}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation([WORKGROUP, 1])}
  let q = id.x * ${TILE.inputs / 4}u;
  let n = id.y * ${TILE.outputs}u;
  let width = p.inSize / 4u;
  let out = p.outSize;
  if (q >= width || n >= out) { return; }
  ${each(4, (c) => `let q${c} = min(q + ${c}u, width - 1u);`)}
  ${each(8, (i) => `let n${i} = min(n + ${i}u, out - 1u); var b${i} = 0.0; ${each(4, (c) => `var acc${i}_${c} = vec4f();`)}`)}
  let rows = p.rows;
  for (var m = 0u; m < rows; m++) {
    ${each(4, (c) => `let x${c} = x[m * width + q${c}];`)}
    ${each(8, (i) => `{ let d = dy[m * out + n${i}]; b${i} += d; ${each(4, (c) => `acc${i}_${c} += d * x${c};`)} }`)}
  }
  let keep = p.accumulate != 0u;
  ${each(
    8,
    (i) => `if (n + ${i}u < out) {
    let o = (n + ${i}u) * width + q;
    ${each(4, (c) => `if (q + ${c}u < width) { if (keep) { acc${i}_${c} += dW[o + ${c}u]; } dW[o + ${c}u] = acc${i}_${c}; }`)}
    ${bias ? `if (q == 0u) { if (keep) { b${i} += db[n + ${i}u]; } db[n + ${i}u] = b${i}; }` : ""}
  }`,
  )}
}`,
  ),
});

export const withBias = kernelFor(true);
export const withoutBias = kernelFor(false);
