/**
 * The linear family for GPUs: a workgroup owns a tile of the result and walks along K, operands in workgroup memory, the next step's
 * words already under way while this one is multiplied. (Volkov & Demmel 2008; the weights are decoded on their way in, once for all
 * rows of the tile: a word is read once and its eight weights are decoded together.)
 *
 * With f16 weights (`enable f16`) tileB holds halves; sums and the other operand stay f32, and so do the adapter's steps.
 *
 * tileA holds four consecutive k of one row as a vector: rows of x, as they lie in memory. tileB holds the same of W's rows in the
 * forward pass, and four neighbouring columns of one k in the backward pass: neither direction transposes anything.
 */
import type { Kernel } from "../../../gpu/program.ts";
import type { GpuTileName } from "../../../gpu/variants.ts";
import { compose } from "../../compose.ts";
import {
  type Binding,
  cached,
  declare,
  each,
  type Format,
  type ForwardParts,
  forwardName,
  isFourBit,
  list,
  params,
  weightBindings,
  weightReader,
} from "../common.wgsl.ts";
import { type GpuTile, gpuTiles, threadsOf } from "../tiles.ts";

/** Eight weights of a word times `s`, as two vectors. Byte j of a word holds element 2j in its high nibble. */
const nibbles = (from: number): string => list(4, (i) => `table[(v >> ${(4 * (from + i)) ^ 4}u) & 15u]`);

interface Plan {
  tile: GpuTile;
  direction: "forward" | "backward";
  fourBit: boolean;
  lora: boolean;
}

/** Vectors of tileB that a thread brings in at a time: two of a 4-bit word, one of a dense quad. */
const vectorsPerLoad = (fourBit: boolean): number => (fourBit ? 2 : 1);
const loadsA = ({ tile }: Plan): number => (tile.rows * tile.depth) / 4 / threadsOf(tile);
const loadsB = ({ tile, fourBit }: Plan): number =>
  (tile.columns * tile.depth) / 4 / vectorsPerLoad(fourBit) / threadsOf(tile);

/** Distance of neighbouring k of a column tile; one more than the columns, so that stores meet different banks. */
const strideA = (tile: GpuTile): number => tile.rows + 1;
const strideB = ({ tile, direction }: Plan): number => (direction === "forward" ? tile.columns + 1 : tile.columns / 4);
const lengthB = (plan: Plan): number =>
  plan.direction === "forward" ? (plan.tile.depth / 4) * strideB(plan) : plan.tile.depth * strideB(plan);
const typeB = ({ tile }: Plan): string => (tile.halfWeights ? "vec4h" : "vec4f");

/** Where load `i` of this thread takes its part of A from, and puts it: `k4` within the step, row `m` of the tile. */
const placesA = (plan: Plan): string =>
  each(loadsA(plan), (i) => {
    const { tile } = plan;
    const quads = tile.depth / 4;
    return /* wgsl */ `let ka${i} = 4u * ((lid + ${i * threadsOf(tile)}u) % ${quads}u);
  let ma${i} = (lid + ${i * threadsOf(tile)}u) / ${quads}u;
  let ra${i} = min(m0 + ma${i}, p.rows - 1u);
  let sa${i} = ka${i} / 4u * ${strideA(tile)}u + ma${i};`;
  });

/** The same for W: forward, a word (or quad) of row n; backward, one of row k. `kb` and `nb` are its first k and first column. */
function placesB(plan: Plan): string {
  const { tile, direction, fourBit } = plan;
  const width = 4 * vectorsPerLoad(fourBit);
  return each(loadsB(plan), (i) => {
    const task = `(lid + ${i * threadsOf(tile)}u)`;
    if (direction === "forward") {
      const words = tile.depth / width;
      return /* wgsl */ `let kb${i} = ${width}u * (${task} % ${words}u);
  let nb${i} = n0 + ${task} / ${words}u;
  let sb${i} = kb${i} / 4u * ${strideB(plan)}u + ${task} / ${words}u;`;
    }
    const words = tile.columns / width;
    return /* wgsl */ `let kb${i} = ${task} / ${words}u;
  let nb${i} = n0 + ${width}u * (${task} % ${words}u);
  let sb${i} = kb${i} * ${strideB(plan)}u + (nb${i} - n0) / 4u;`;
  });
}

/** `a{i}`, `v{i}`, `s{i}` of step k0; zero beyond the end of K. */
function fetch(plan: Plan): string {
  const { direction, fourBit } = plan;
  const width = 4 * vectorsPerLoad(fourBit);
  const weightAt = (i: number): string =>
    direction === "forward"
      ? `(min(nb${i}, p.outSize - 1u) * p.inSize + min(kb${i} + k0, depth - ${width}u)) / ${width}u`
      : `(min(kb${i} + k0, depth - 1u) * p.inSize + min(nb${i}, p.inSize - ${width}u)) / ${width}u`;
  return /* wgsl */ `${each(loadsA(plan), (i) => `a${i} = select(vec4f(), A[(aRow + ra${i}) * aStride + (min(ka${i} + k0, depth - 4u)) / 4u], ka${i} + k0 < depth);`)}
    ${each(loadsB(plan), (i) =>
      fourBit
        ? `{ let at = ${weightAt(i)}; v${i} = w[at]; s${i} = select(0.0, blockScale(at >> (p.blockShift - 3u)), kb${i} + k0 < depth); }`
        : `v${i} = select(vec4f(), quad(${weightAt(i)}), kb${i} + k0 < depth);`,
    )}`;
}

/** What `fetch` brought, into workgroup memory. */
function stash(plan: Plan): string {
  const next = plan.direction === "forward" ? strideB(plan) : 1;
  return /* wgsl */ `${each(loadsA(plan), (i) => `tileA[sa${i}] = a${i};`)}
    ${each(loadsB(plan), (i) =>
      plan.fourBit
        ? `{ let v = v${i}; tileB[sb${i}] = ${typeB(plan)}(s${i} * vec4f(${nibbles(0)})); tileB[sb${i} + ${next}u] = ${typeB(plan)}(s${i} * vec4f(${nibbles(4)})); }`
        : `tileB[sb${i}] = ${typeB(plan)}(v${i});`,
    )}`;
}

/** How long a step is, and where its second operand lies. */
interface Step {
  depth: number;
  /** WGSL of vector `at`. */
  readB(at: string): string;
}

const weightStep = (plan: Plan): Step => ({
  depth: plan.tile.depth,
  readB: (at) => (plan.tile.halfWeights ? `vec4f(tileB[${at}])` : `tileB[${at}]`),
});

/** First vector of the second operand of the adapter's steps, and its array. */
const loraB = ({ tile }: Plan): string =>
  tile.halfWeights ? `tileA[${(tile.depth / 8) * strideA(tile)}u + ` : "tileB[0u + ";

/** An adapter's entries of 1e-6 are not for halves: beside a tile of halves both operands of its steps share tileA, half as deep. */
const loraStep = (plan: Plan): Step => ({
  depth: plan.tile.halfWeights ? plan.tile.depth / 2 : plan.tile.depth,
  readB: (at) => `${loraB(plan)}${at}]`,
});

/** One step along K of this thread's rows ty + i TY and its columns: tx + j TX forward, the vectors tx + q TX backward. */
function multiply(plan: Plan, { depth, readB }: Step): string {
  const { tile, direction } = plan;
  const quads = tile.threadColumns / 4;
  const [across, down] = [tile.columns / tile.threadColumns, tile.rows / tile.threadRows];
  const part = ["x", "y", "z", "w"];
  const columns =
    direction === "forward"
      ? each(
          quads,
          (q) => `{ ${each(4, (c) => `let b${c} = ${readB(`k * ${strideB(plan)}u + tx + ${(4 * q + c) * across}u`)};`)}
      ${each(4, (e) => `let w${e} = vec4f(${list(4, (c) => `b${c}.${part[e]}`)});`)}
      ${each(tile.threadRows, (i) => each(4, (e) => `acc${i}_${q} += x${i}.${part[e]} * w${e};`))} }`,
        )
      : each(
          quads,
          (
            q,
          ) => `{ ${each(4, (e) => `let w${e} = ${readB(`(4u * k + ${e}u) * ${strideB(plan)}u + tx + ${q * across}u`)};`)}
      ${each(tile.threadRows, (i) => each(4, (e) => `acc${i}_${q} += x${i}.${part[e]} * w${e};`))} }`,
        );
  return /* wgsl */ `for (var k = 0u; k < ${depth / 4}u; k++) {
      ${each(tile.threadRows, (i) => `let x${i} = tileA[k * ${strideA(tile)}u + ty + ${i * down}u];`)}
      ${columns}
    }`;
}

/** The adapter's K steps: xa and b of the groups that the tile's columns belong to, or t and a. Any rank: elements one by one. */
function loraSteps(plan: Plan): string {
  const { tile, direction } = plan;
  const forward = direction === "forward";
  const step = loraStep(plan);
  const quads = step.depth / 4;
  const task = (i: number): string => `(lid + ${i * threadsOf(tile)}u)`;
  const storeA = each((tile.rows * quads) / threadsOf(tile), (i) => {
    const low = list(4, (e) => `select(0.0, low[row + min(j + ${e}u, end - 1u)], j + ${e}u < end)`);
    return /* wgsl */ `{ let k = ${task(i)} % ${quads}u; let m = ${task(i)} / ${quads}u;
      let j = j0 + 4u * k;
      let row = min(m0 + m, p.rows - 1u) * p.loraWidth;
      tileA[k * ${strideA(tile)}u + m] = vec4f(${low}); }`;
  });
  const storeB = each((tile.columns * quads) / threadsOf(tile), (i) => {
    if (!forward) {
      const words = tile.columns / 4;
      return /* wgsl */ `{ let r = j0 + ${task(i)} / ${words}u; let column = min(n0 / 4u + ${task(i)} % ${words}u, p.inSize / 4u - 1u);
      ${step.readB(task(i))} = select(vec4f(), high[min(r, end - 1u) * (p.inSize / 4u) + column], r < end); }`;
    }
    return /* wgsl */ `{ let n = min(n0 + ${task(i)} / ${quads}u, p.outSize - 1u);
      let j = j0 + 4u * (${task(i)} % ${quads}u);
      let first = group(n) * p.rank;
      ${step.readB(`${task(i)} % ${quads}u * ${strideB(plan)}u + ${task(i)} / ${quads}u`)} = p.scale * vec4f(${list(4, (e) => `select(0.0, high[n * p.rank + clamp(j + ${e}u, first, first + p.rank - 1u) - first], j + ${e}u >= first && j + ${e}u < first + p.rank)`)}); }`;
  });
  return /* wgsl */ `{
    let begin = ${forward ? "group(n0) * p.rank" : "0u"};
    let end = ${forward ? `(group(min(n0 + ${tile.columns}u, p.outSize) - 1u) + 1u) * p.rank` : "p.loraWidth"};
    for (var j0 = begin; j0 < end; j0 += ${step.depth}u) {
      workgroupBarrier();
      ${storeA}
      ${storeB}
      workgroupBarrier();
      ${multiply(plan, step)}
    }
  }`;
}

/** The whole kernel; `store` writes acc{i}_{q} of row m + i. */
function body(plan: Plan, format: Format, bindings: Binding[], aRow: string, store: string): string {
  const { tile, fourBit, lora, direction } = plan;
  const across = tile.columns / tile.threadColumns;
  const quads = tile.threadColumns / 4;
  const main = /* wgsl */ `${fourBit ? "var<workgroup> table: array<f32, 16>;" : ""}
var<workgroup> tileA: array<vec4f, ${(tile.depth / 4) * strideA(tile)}>;
var<workgroup> tileB: array<${typeB(plan)}, ${lengthB(plan)}>;
@compute @workgroup_size(${threadsOf(tile)})
fn main(@builtin(workgroup_id) inPiece: vec3u, @builtin(local_invocation_index) lid: u32) {
  let wid = inPiece + vec3u(p.firstX, p.firstY, p.firstZ);
  let n0 = wid.x * ${tile.columns}u;
  let m0 = wid.y * ${tile.rows}u;
  let tx = lid % ${across}u;
  let ty = lid / ${across}u;
  let aRow = ${aRow};
  let depth = ${direction === "forward" ? "p.inSize" : "p.outSize"};
  let aStride = ${direction === "forward" ? "p.inSize" : "p.yStride"} / 4u;
  ${fourBit ? "if (lid < 16u) { table[lid] = p.code[lid >> 2u][lid & 3u]; }" : ""}
  ${placesA(plan)}
  ${placesB(plan)}
  ${each(loadsA(plan), (i) => `var a${i}: vec4f;`)}
  ${each(loadsB(plan), (i) => (fourBit ? `var v${i}: u32; var s${i}: f32;` : `var v${i}: vec4f;`))}
  ${each(tile.threadRows, (i) => each(quads, (q) => `var acc${i}_${q} = vec4f();`))}
  var k0 = 0u;
  ${fetch(plan)}
  while (k0 < depth) {
    workgroupBarrier();
    ${stash(plan)}
    workgroupBarrier();
    k0 += ${tile.depth}u;
    // Beyond the end this reads the last words again, for nothing.
    ${fetch(plan)}
    ${multiply(plan, weightStep(plan))}
  }
  ${lora ? loraSteps(plan) : ""}
  let keep = p.accumulate != 0u;
  ${store}
}`;
  const enable = tile.halfWeights ? "enable f16;" : "";
  return compose(enable, params, declare(bindings), weightReader(format), main);
}

const each2 = (tile: GpuTile, text: (i: number, q: number) => string): string =>
  each(tile.threadRows, (i) => each(tile.threadColumns / 4, (q) => text(i, q)));

export interface GpuForward extends ForwardParts {
  tile: GpuTileName;
}

/** y of `softwareForwardKernel` in ../software/forward.wgsl.ts, same bindings; any number of columns. */
export function gpuForwardKernel(v: GpuForward): Kernel {
  const { format, lora, bias, residual } = v;
  const name = forwardName(v, "gpu", v.tile);
  return cached(name, () => {
    const tile = gpuTiles[v.tile];
    const plan: Plan = { tile, direction: "forward", fourBit: isFourBit(format), lora };
    const bindings: Binding[] = [
      ["A", "vec4f", "read"],
      ...weightBindings(format),
      ...(bias ? ([["bias", "f32", "read"]] as Binding[]) : []),
      ...(lora
        ? ([
            ["low", "f32", "read"],
            ["high", "f32", "read"],
          ] as Binding[])
        : []),
      ...(residual ? ([["residual", "f32", "read"]] as Binding[]) : []),
      ["y", "f32", "read_write"],
    ];
    const [across, down] = [tile.columns / tile.threadColumns, tile.rows / tile.threadRows];
    const store = each2(tile, (i, q) =>
      each(
        4,
        (c) => /* wgsl */ `{
    let m = m0 + ty + ${i * down}u;
    let n = n0 + tx + ${(4 * q + c) * across}u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc${i}_${q}[${c}];
      ${bias ? "sum += bias[n];" : ""}
      ${residual ? "sum += residual[m * p.outSize + n];" : ""}
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }`,
      ),
    );
    return {
      name,
      code: body(plan, format, bindings, "p.xRow", store),
      access: bindings.map(([, , a]) => a),
      sliced: true,
    };
  });
}

/** dx of `softwareBackwardKernel` in ../software/backward.wgsl.ts, same bindings. */
export function gpuBackwardKernel(v: { format: Format; lora: boolean; tile: GpuTileName }): Kernel {
  const { format, lora } = v;
  const name = ["linear backward", format, ...(lora ? ["lora"] : []), "gpu", v.tile].join(" ");
  return cached(name, () => {
    const tile = gpuTiles[v.tile];
    const plan: Plan = { tile, direction: "backward", fourBit: isFourBit(format), lora };
    const bindings: Binding[] = [
      ["A", "vec4f", "read"],
      ...weightBindings(format),
      ...(lora
        ? ([
            ["low", "f32", "read"],
            ["high", "vec4f", "read"],
          ] as Binding[])
        : []),
      ["dx", "vec4f", "read_write"],
    ];
    const [across, down] = [tile.columns / tile.threadColumns, tile.rows / tile.threadRows];
    const store = each2(
      tile,
      (i, q) => /* wgsl */ `{
    let m = m0 + ty + ${i * down}u;
    let column = n0 / 4u + tx + ${q * across}u;
    if (m < p.rows && column < p.inSize / 4u) {
      let o = (p.xRow + m) * (p.inSize / 4u) + column;
      if (keep) { acc${i}_${q} += dx[o]; }
      dx[o] = acc${i}_${q};
    }
  }`,
    );
    return {
      name,
      code: body(plan, format, bindings, "p.yRow", store),
      access: bindings.map(([, , a]) => a),
      sliced: true,
    };
  });
}
