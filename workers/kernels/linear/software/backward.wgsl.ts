/** WGSL of dx = dy W (+ t A) for each weight format on software adapters: no transposed copy of W, a panel is columns of its rows. */
import type { Kernel } from "../../../gpu/program.ts";
import { compose } from "../../compose.ts";
import {
  type Binding,
  cached,
  codeTable,
  declare,
  each,
  type Format,
  invocation,
  isFourBit,
  params,
  weightBindings,
  weightReader,
} from "../common.wgsl.ts";
import { ADAPTER_STEPS, type Pass, panelBody, softwareTiles, WEIGHT_STEPS } from "./panel.wgsl.ts";

const { quads } = softwareTiles.wide;

/** Words of 8 columns of W's rows k …, of the thread's columns. */
const fourBitFill = /* wgsl */ `for (var e = 0u; e < ${WEIGHT_STEPS}u; e++) {
      let f = min(k + e, depth - 1u) * words;
      for (var h = 0u; h < ${quads / 2}u; h++) {
        let at = f + min(word + h, words - 1u);
        let v = w[at];
        let s = select(0.0, blockScale(at >> blockShift), k + e < depth);
        let to = ${8 * WEIGHT_STEPS}u * h + e;
        ${each(8, (i) => `panel[to + ${i * WEIGHT_STEPS}u] = s * table[(v >> ${(4 * i) ^ 4}u) & 15u];`)}
      }
    }`;

/** The same of a matrix of `value(i) -> vec4f`. */
const quadFill = (steps: number, value: string): string => /* wgsl */ `for (var e = 0u; e < ${steps}u; e++) {
      let f = min(k + e, depth - 1u) * width;
      for (var h = 0u; h < ${quads}u; h++) {
        let v = select(vec4f(), ${value}, k + e < depth);
        let to = ${4 * steps}u * h + e;
        ${each(4, (i) => `panel[to + ${i * steps}u] = v[${i}];`)}
      }
    }`;
const quadIndex = "f + min(quadColumn + h, width - 1u)";

/** dx[m, k] = sum_n dy[m, n] W[n, k] (+ sum_j t[m, j] a[j, k]) (+ dx). */
export function softwareBackwardKernel({ format, lora }: { format: Format; lora: boolean }): Kernel {
  const name = `linear backward ${format}${lora ? " lora" : ""} software`;
  return cached(name, () => {
    const fourBit = isFourBit(format);
    const bindings: Binding[] = [
      ["dy", "vec4f", "read"],
      ...weightBindings(format),
      ...(lora
        ? ([
            ["t", "f32", "read"],
            ["a", "vec4f", "read"],
          ] as Binding[])
        : []),
      ["result", "vec4f", "read_write"],
    ];
    const weight: Pass = {
      steps: WEIGHT_STEPS,
      depth: "p.outSize",
      fill: fourBit ? fourBitFill : quadFill(WEIGHT_STEPS, `quad(${quadIndex})`),
      operand: "dy",
      vector: true,
      first: "(p.yRow + m) * p.yStride",
      stride: "p.yStride",
    };
    const adapter: Pass = {
      steps: ADAPTER_STEPS,
      depth: "p.loraWidth",
      fill: quadFill(ADAPTER_STEPS, `a[${quadIndex}]`),
      operand: "t",
      vector: false,
      first: "m * p.loraWidth",
      stride: "p.loraWidth",
    };
    const main = /* wgsl */ `@compute @workgroup_size(${softwareTiles.wide.workgroup.join(", ")}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation(softwareTiles.wide.workgroup)}
  let width = p.inSize / 4u;
  let quadColumn = id.x * ${quads}u;
  ${fourBit ? `${codeTable} let word = quadColumn / 2u; let words = p.inSize / 8u; let blockShift = p.blockShift - 3u;` : ""}
  ${panelBody({
    tile: softwareTiles.wide,
    columns: "p.inSize",
    row: "p.xRow",
    stride: "p.inSize",
    narrow: false,
    passes: lora ? [weight, adapter] : [weight],
  })}
}`;
    const code = compose(params, declare(bindings), weightReader(format), main);
    return { name, code, access: bindings.map(([, , access]) => access), sliced: true };
  });
}
