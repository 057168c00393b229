/** WGSL of the adapter's own products in the backward pass: t, dA and dB. Any rank: columns beyond it are read clamped, not stored. */
import type { Kernel } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { declare, each, invocation, list, params, type Tile } from "./common.wgsl.ts";

/** First column of group g, and the first beyond it. */
const groupRange = /* wgsl */ `
fn groupBegin(g: u32) -> u32 { if (g == 0u) { return 0u; } if (g == 1u) { return p.group1; } return p.group2; }
fn groupEnd(g: u32) -> u32 {
  if (g == 0u) { return min(p.group1, p.outSize); }
  if (g == 1u) { return min(p.group2, p.outSize); }
  return p.outSize;
}`;

/** A thread of `downKernel` owns 16 rows x 4 ranks; its third dimension is the group. */
export const DOWN_TILE: Tile = { rows: 16, quads: 1, workgroup: [8, 4] };

/** t[m, g rank + r] = scale * sum over the columns n of group g of dy[m, n] b[n, r]. */
export const downKernel: Kernel = {
  name: "lora t",
  access: ["read", "read", "read_write"],
  sliced: true,
  code: compose(
    params,
    groupRange,
    declare([
      ["dy", "vec2f", "read"],
      ["b", "f32", "read"],
      ["t", "f32", "read_write"],
    ]),
    /* wgsl */ `@compute @workgroup_size(${DOWN_TILE.workgroup.join(", ")}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation(DOWN_TILE.workgroup)}
  let r = id.x * 4u;
  let m = id.y * 16u;
  let rank = p.rank;
  if (r >= rank || m >= p.rows) { return; }
  let last = rank - 1u;
  let begin = groupBegin(id.z);
  let end = groupEnd(id.z);
  ${each(16, (i) => `let y${i} = (p.yRow + min(m + ${i}u, p.rows - 1u)) * p.outSize / 2u; var acc${i} = vec4f();`)}
  ${each(4, (i) => `let r${i} = min(r + ${i}u, last);`)}
  // Groups begin at multiples of 4, so two columns at a time never cross into the next.
  for (var n = begin; n < end; n += 2u) {
    let at = n * rank;
    let v = vec4f(${list(4, (i) => `b[at + r${i}]`)});
    let w = vec4f(${list(4, (i) => `b[at + rank + r${i}]`)});
    let q = n / 2u;
    ${each(16, (i) => `{ let d = dy[y${i} + q]; acc${i} += d.x * v; acc${i} += d.y * w; }`)}
  }
  ${each(
    16,
    (i) => `if (m + ${i}u < p.rows) {
    let o = (m + ${i}u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc${i}[c]; }
  }`,
  )}
}`,
  ),
};

/** Threads of a workgroup of `gradientKernel`, along the wide side of the matrices. */
export const GRADIENT_WORKGROUP = 32;
/** What a thread owns: of dA ranks x columns, of dB columns x ranks (columns of dy, all in one group). */
export const GRADIENT_TILE = { ranks: 8, columns: 16 } as const;

/**
 * dA[j, k] (+)= sum_m t[m, j] x[m, k] in the first layer of workgroups (z = 0); dB[n, r] (+)= scale * sum_m dy[m, n] xa[m, g rank + r]
 * of group g in layer 1 + g. One dispatch, so that neither waits for the other's last workgroups.
 */
export const gradientKernel: Kernel = {
  name: "lora dA dB",
  access: ["read", "read", "read_write", "read", "read", "read_write"],
  sliced: true,
  code: compose(
    params,
    groupRange,
    declare([
      ["t", "f32", "read"],
      ["x", "vec4f", "read"],
      ["dA", "vec4f", "read_write"],
      ["dy", "vec4f", "read"],
      ["xa", "f32", "read"],
      ["dB", "f32", "read_write"],
    ]),
    /* wgsl */ `fn gradientA(column: u32, j: u32) {
  let q = column / 4u;
  let width = p.inSize / 4u;
  let loraWidth = p.loraWidth;
  if (q >= width || j >= loraWidth) { return; }
  ${each(4, (c) => `let q${c} = min(q + ${c}u, width - 1u);`)}
  ${each(8, (i) => `let j${i} = min(j + ${i}u, loraWidth - 1u); ${each(4, (c) => `var acc${i}_${c} = vec4f();`)}`)}
  let rows = p.rows;
  for (var m = 0u; m < rows; m++) {
    let base = (p.xRow + m) * width;
    let at = m * loraWidth;
    ${each(4, (c) => `let x${c} = x[base + q${c}];`)}
    ${each(8, (i) => `{ let s = t[at + j${i}]; ${each(4, (c) => `acc${i}_${c} += s * x${c};`)} }`)}
  }
  let keep = p.accumulate != 0u;
  ${each(
    8,
    (i) => `if (j + ${i}u < loraWidth) {
    let o = (j + ${i}u) * width + q;
    ${each(4, (c) => `if (q + ${c}u < width) { if (keep) { acc${i}_${c} += dA[o + ${c}u]; } dA[o + ${c}u] = acc${i}_${c}; }`)}
  }`,
  )}
}

fn gradientB(column: u32, r: u32, g: u32) {
  let end = groupEnd(g);
  let n = groupBegin(g) + column;
  let rank = p.rank;
  if (n >= end || r >= rank) { return; }
  ${each(4, (c) => `let q${c} = min(n + ${4 * c}u, end - 4u) / 4u;`)}
  ${each(8, (i) => `let j${i} = g * rank + min(r + ${i}u, rank - 1u); ${each(4, (c) => `var acc${i}_${c} = vec4f();`)}`)}
  let rows = p.rows;
  let width = p.outSize / 4u;
  let loraWidth = p.loraWidth;
  for (var m = 0u; m < rows; m++) {
    let base = (p.yRow + m) * width;
    let at = m * loraWidth;
    ${each(4, (c) => `let d${c} = dy[base + q${c}];`)}
    ${each(8, (i) => `{ let s = xa[at + j${i}]; ${each(4, (c) => `acc${i}_${c} += s * d${c};`)} }`)}
  }
  let keep = p.accumulate != 0u;
  ${each(
    8,
    (i) => `if (r + ${i}u < rank) {
    ${each(
      4,
      (c) => `if (n + ${4 * c}u < end) {
      let o = (n + ${4 * c}u) * rank + r + ${i}u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc${i}_${c}[e]; }
    }`,
    )}
  }`,
  )}
}

@compute @workgroup_size(${GRADIENT_WORKGROUP}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation([GRADIENT_WORKGROUP, 1])}
  let column = id.x * ${GRADIENT_TILE.columns}u;
  let rank = id.y * ${GRADIENT_TILE.ranks}u;
  if (id.z == 0u) { gradientA(column, rank); } else { gradientB(column, rank, id.z - 1u); }
}`,
  ),
};
