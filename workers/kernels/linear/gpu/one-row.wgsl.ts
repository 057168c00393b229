/**
 * WGSL of y = x Wᵀ (+ bias) (+ LoRA) for a single row on GPUs, as each new token of a chat has it. Reading W is what takes the time, so
 * neighbouring threads read neighbouring words: a workgroup's threads share the K of a few columns, and their sums meet at the end, in
 * workgroup memory in a fixed order or by subgroupAdd. More rows are run one by one.
 */
import type { Kernel } from "../../../gpu/program.ts";
import type { DecodeVariant } from "../../../gpu/variants.ts";
import { compose } from "../../compose.ts";
import {
  type Binding,
  cached,
  declare,
  each,
  type ForwardParts,
  forwardName,
  isFourBit,
  list,
  params,
  weightBindings,
  weightReader,
} from "../common.wgsl.ts";
import { ONE_ROW_GROUP } from "../tiles.ts";

export interface GpuOneRow extends ForwardParts {
  reduction: Exclude<DecodeVariant, "software">;
}

const { threads: THREADS, columns: COLUMNS } = ONE_ROW_GROUP;

const nibbles = (from: number): string => list(4, (i) => `table[(v >> ${(4 * (from + i)) ^ 4}u) & 15u]`);

const fourBitSteps = /* wgsl */ `let words = p.inSize / 8u;
  let blockShift = p.blockShift - 3u;
  for (var k = lid; k < words; k += ${THREADS}u) {
    let x0 = x[row + 2u * k];
    let x1 = x[row + 2u * k + 1u];
    ${each(COLUMNS, (c) => `{ let at = n${c} * words + k; let v = w[at]; sum${c} += blockScale(at >> blockShift) * (dot(x0, vec4f(${nibbles(0)})) + dot(x1, vec4f(${nibbles(4)}))); }`)}
  }`;

const denseSteps = /* wgsl */ `let quads = p.inSize / 4u;
  for (var k = lid; k < quads; k += ${THREADS}u) {
    let x0 = x[row + k];
    ${each(COLUMNS, (c) => `sum${c} += dot(x0, quad(n${c} * quads + k));`)}
  }`;

const loraSteps = /* wgsl */ `for (var r = lid; r < p.rank; r += ${THREADS}u) {
    ${each(COLUMNS, (c) => `sum${c} += p.scale * xa[m * p.loraWidth + group(n${c}) * p.rank + r] * b[n${c} * p.rank + r];`)}
  }`;

/** `mine` of all threads to their sum: what all do, and then where thread `lid` finds the sum of column `lid`. */
const reductions: Record<GpuOneRow["reduction"], { all: string; one: string }> = {
  workgroup: {
    all: /* wgsl */ `parts[lid] = mine;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (lid < half) { parts[lid] += parts[lid + half]; }
    workgroupBarrier();
  }`,
    one: "var value = parts[0][lid];",
  },
  // Which threads make a subgroup, and how many, is the driver's: each subgroup's sum lies where its elected thread stands.
  subgroup: {
    all: /* wgsl */ `let ours = subgroupAdd(mine);
  parts[lid] = select(vec4f(), ours, subgroupElect());
  workgroupBarrier();`,
    one: `var value = 0.0;\n    for (var i = 0u; i < ${THREADS}u; i++) { value += parts[i][lid]; }`,
  },
};

/** y[m, n] of `softwareForwardKernel` in ../software/forward.wgsl.ts, same bindings; workgroups [columns / 4, rows]; any number of columns. */
export function gpuOneRowKernel(e: GpuOneRow): Kernel {
  const { format, lora, bias, residual, reduction } = e;
  const fourBit = isFourBit(format);
  const name = forwardName(e, "gpu", "decode", reduction);
  return cached(name, () => {
    const bindings: Binding[] = [
      ["x", "vec4f", "read"],
      ...weightBindings(format),
      ...(bias ? [["bias", "f32", "read"] satisfies Binding] : []),
      ...(lora ? [["xa", "f32", "read"] satisfies Binding, ["b", "f32", "read"] satisfies Binding] : []),
      ...(residual ? [["residual", "f32", "read"] satisfies Binding] : []),
      ["y", "f32", "read_write"],
    ];
    const main = /* wgsl */ `${fourBit ? "var<workgroup> table: array<f32, 16>;" : ""}
var<workgroup> parts: array<vec4f, ${THREADS}>;
@compute @workgroup_size(${THREADS}) fn main(@builtin(workgroup_id) inPiece: vec3u, @builtin(local_invocation_index) lid: u32) {
  let wid = inPiece + vec3u(p.firstX, p.firstY, p.firstZ);
  let n = wid.x * ${COLUMNS}u;
  let m = wid.y;
  ${fourBit ? "if (lid < 16u) { table[lid] = p.code[lid >> 2u][lid & 3u]; }\n  workgroupBarrier();" : ""}
  // Columns beyond the edge read the last one and are not stored.
  ${each(COLUMNS, (c) => `let n${c} = min(n + ${c}u, p.outSize - 1u); var sum${c} = 0.0;`)}
  let row = (p.xRow + m) * p.inSize / 4u;
  ${fourBit ? fourBitSteps : denseSteps}
  ${lora ? loraSteps : ""}
  let mine = vec4f(${list(COLUMNS, (c) => `sum${c}`)});
  ${reductions[reduction].all}
  if (lid < ${COLUMNS}u && n + lid < p.outSize) {
    let o = (p.yRow + m) * p.yStride + n + lid;
    ${reductions[reduction].one}
    ${bias ? "value += bias[n + lid];" : ""}
    ${residual ? "value += residual[m * p.outSize + n + lid];" : ""}
    if (p.accumulate != 0u) { value += y[o]; }
    y[o] = value;
  }
}`;
    const enable = reduction === "subgroup" ? "enable subgroups;" : "";
    const code = compose(enable, params, declare(bindings), weightReader(format), main);
    return { name, code, access: bindings.map(([, , access]) => access), sliced: true };
  });
}
