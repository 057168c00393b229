/** WGSL of y = x Wᵀ (+ bias) (+ LoRA) for each weight format on software adapters, and of the single row of decoding on any. */
import type { Kernel } from "../../../gpu/program.ts";
import { compose } from "../../compose.ts";
import {
  type Binding,
  cached,
  codeTable,
  DECODE,
  declare,
  each,
  type ForwardParts,
  forwardName,
  invocation,
  isFourBit,
  params,
  type Tile,
  weightBindings,
  weightReader,
} from "../common.wgsl.ts";
import { softwareOneRowBody } from "./one-row.wgsl.ts";
import { ADAPTER_STEPS, type Pass, panelBody, softwareTiles, WEIGHT_STEPS } from "./panel.wgsl.ts";

/** "narrow": for xa = x Aᵀ, whose width is any number. */
export type TileName = "prefill" | "decode" | "narrow" | "narrow-decode";

export const forwardTile: Record<TileName, Tile> = {
  prefill: softwareTiles.wide,
  narrow: softwareTiles.narrow,
  decode: DECODE,
  "narrow-decode": DECODE,
};

export interface SoftwareForward extends ForwardParts {
  tile: TileName;
}

/** Words of 8 steps of W's rows n … */
const fourBitFill = (columns: number): string => /* wgsl */ `for (var c = 0u; c < ${columns}u; c++) {
      let f = (min(n + c, last) * depth + k) >> 3u;
      for (var h = 0u; h < ${WEIGHT_STEPS / 8}u; h++) {
        let v = w[f + h];
        let s = select(0.0, blockScale((f + h) >> blockShift), k + 8u * h < depth);
        let to = c * ${WEIGHT_STEPS}u + 8u * h;
        ${each(8, (i) => `panel[to + ${i}u] = s * table[(v >> ${(4 * i) ^ 4}u) & 15u];`)}
      }
    }`;

const denseFill = (columns: number): string => /* wgsl */ `for (var c = 0u; c < ${columns}u; c++) {
      let f = (min(n + c, last) * depth + k) >> 2u;
      for (var h = 0u; h < ${WEIGHT_STEPS / 4}u; h++) {
        let v = select(vec4f(), quad(f + h), k + 4u * h < depth);
        let to = c * ${WEIGHT_STEPS}u + 4u * h;
        ${each(4, (i) => `panel[to + ${i}u] = v[${i}];`)}
      }
    }`;

/** Columns of one tile may belong to several groups of the adapter: each group passes, the others' columns meet zeros. */
const adapterPass = (columns: number): Pass => ({
  loop: `for (var g = group(n); g <= group(min(n + ${columns - 1}u, last)); g++)`,
  steps: ADAPTER_STEPS,
  depth: "p.rank",
  fill: /* wgsl */ `for (var c = 0u; c < ${columns}u; c++) {
      let column = min(n + c, last);
      let s = select(0.0, p.scale, group(column) == g);
      for (var e = 0u; e < ${ADAPTER_STEPS}u; e++) {
        panel[c * ${ADAPTER_STEPS}u + e] = select(0.0, s * b[column * depth + min(k + e, depth - 1u)], k + e < depth);
      }
    }`,
  operand: "xa",
  vector: false,
  first: "m * p.loraWidth + g * p.rank",
  stride: "p.loraWidth",
});

function prefillBody({ format, lora, bias, residual, tile: name }: SoftwareForward): string {
  const tile = forwardTile[name];
  const columns = 4 * tile.quads;
  const fourBit = isFourBit(format);
  const weight: Pass = {
    steps: WEIGHT_STEPS,
    depth: "p.inSize",
    fill: fourBit ? fourBitFill(columns) : denseFill(columns),
    operand: "x",
    vector: true,
    first: "(p.xRow + m) * p.inSize",
    stride: "p.inSize",
  };
  const start = (q: number): string =>
    [bias && `bias[min(n + ${4 * q}u, last) / 4u]`, residual && `residual[((m + i) * p.outSize + n) / 4u + ${q}u]`]
      .filter(Boolean)
      .join(" + ");
  return /* wgsl */ `${fourBit ? `${codeTable} let blockShift = p.blockShift - 3u;` : ""}
  ${panelBody({
    tile,
    columns: "p.outSize",
    row: "p.yRow",
    stride: "p.yStride",
    narrow: name === "narrow",
    ...(bias || residual ? { start } : {}),
    passes: lora ? [weight, adapterPass(columns)] : [weight],
  })}`;
}

/** y[m, n] = sum_k x[m, k] W[n, k] (+ bias[n]) (+ scale * sum_r xa[m, g(n) rank + r] b[n, r]) (+ residual[m, n]) (+ y). */
export function softwareForwardKernel(e: SoftwareForward): Kernel {
  const { format, lora, bias, residual, tile } = e;
  const name = forwardName(e, "software", tile);
  return cached(name, () => {
    const decode = tile.endsWith("decode");
    const bindings: Binding[] = [
      ["x", decode && isFourBit(format) ? "f32" : "vec4f", "read"],
      ...weightBindings(format),
      ...(bias ? ([["bias", "vec4f", "read"]] as Binding[]) : []),
      ...(lora
        ? ([
            ["xa", "f32", "read"],
            ["b", "f32", "read"],
          ] as Binding[])
        : []),
      ...(residual ? ([["residual", "vec4f", "read"]] as Binding[]) : []),
      ["result", tile.startsWith("narrow") ? "f32" : "vec4f", "read_write"],
    ];
    const main = /* wgsl */ `@compute @workgroup_size(${forwardTile[tile].workgroup.join(", ")}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation(forwardTile[tile].workgroup)}
  ${decode ? softwareOneRowBody(e, tile === "narrow-decode") : prefillBody(e)}
}`;
    const code = compose(params, declare(bindings), weightReader(format), main);
    return { name, code, access: bindings.map(([, , access]) => access), sliced: true };
  });
}
