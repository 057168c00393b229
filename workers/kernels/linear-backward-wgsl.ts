/** WGSL of dx = dy W (+ t A) for each weight format: no transposed copy of W, a thread walks down the rows of W. */
import type { Kernel } from "../gpu/program.ts";
import {
  type Binding,
  cached,
  codeTable,
  declare,
  each,
  type Format,
  invocation,
  isFourBit,
  list,
  PREFILL,
  params,
  quadReader,
  type Tile,
  WORKGROUP,
} from "./linear-wgsl.ts";

/** What a thread of `backwardKernel` owns. */
export const backwardTile = (format: Format): Tile => PREFILL[isFourBit(format) ? "fourBit" : "dense"];

/** dx[m, k] = sum_n dy[m, n] W[n, k] (+ sum_j t[m, j] a[j, k]) (+ dx). */
export function backwardKernel({ format, lora }: { format: Format; lora: boolean }): Kernel {
  const name = `linear backward ${isFourBit(format) ? "4bit" : format}${lora ? " lora" : ""}`;
  return cached(name, () => {
    const fourBit = isFourBit(format);
    const { rows, quads } = backwardTile(format);
    const bindings: Binding[] = [
      ["dy", fourBit ? "f32" : "vec2f", "read"],
      ["w", { f32: "vec4f", f16: "vec2u", bf16: "vec2u", nf4: "u32", fp4: "u32" }[format], "read"],
      ...(fourBit ? ([["absmax", "f32", "read"]] as Binding[]) : []),
      ...(lora
        ? ([
            ["t", "f32", "read"],
            ["a", "vec4f", "read"],
          ] as Binding[])
        : []),
      ["dx", "vec4f", "read_write"],
    ];
    const nibbles = (from: number): string => list(4, (i) => `table[(v >> ${(4 * (from + i)) ^ 4}u) & 15u]`);
    const steps = fourBit
      ? /* wgsl */ `let words = p.inSize / 8u;
  let blockShift = p.blockShift - 3u;
  var at = min(column, words - 1u);
  for (var n = 0u; n < outSize; n++) {
    let v = w[at];
    let s = absmax[at >> blockShift];
    let w0 = s * vec4f(${nibbles(0)});
    let w1 = s * vec4f(${nibbles(4)});
    ${each(rows, (i) => `{ let d = dy[y${i} + n]; acc${i}_0 += d * w0; acc${i}_1 += d * w1; }`)}
    at += words;
  }`
      : /* wgsl */ `let pairs = outSize / 2u;
  var at = 0u;
  for (var n = 0u; n < pairs; n++) {
    ${each(quads, (c) => `let w${c} = quad(at + q${c}); let u${c} = quad(at + width + q${c});`)}
    ${each(rows, (i) => `{ let d = dy[y${i} + n]; ${each(quads, (c) => `acc${i}_${c} += d.x * w${c}; acc${i}_${c} += d.y * u${c};`)} }`)}
    at += 2u * width;
  }`;
    const code = /* wgsl */ `${params}
${declare(bindings)}
${fourBit ? "" : quadReader(format)}
@compute @workgroup_size(${WORKGROUP.join(", ")}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation(WORKGROUP)}
  let column = id.x;
  let m = id.y * ${rows}u;
  let width = p.inSize / 4u;
  if (column * ${quads}u >= width || m >= p.rows) { return; }
  ${fourBit ? codeTable : ""}
  let outSize = p.outSize;
  ${each(quads, (c) => `let q${c} = min(column * ${quads}u + ${c}u, width - 1u);`)}
  ${each(
    rows,
    (i) => `let r${i} = min(m + ${i}u, p.rows - 1u); let y${i} = (p.yRow + r${i}) * p.yStride${fourBit ? "" : " / 2u"};
  ${each(quads, (c) => `var acc${i}_${c} = vec4f();`)}`,
  )}
  ${steps}
  ${
    lora
      ? /* wgsl */ `let loraWidth = p.loraWidth;
  ${each(rows, (i) => `let t${i} = r${i} * loraWidth;`)}
  for (var j = 0u; j < loraWidth; j++) {
    ${each(quads, (c) => `let a${c} = a[j * width + q${c}];`)}
    ${each(rows, (i) => `{ let d = t[t${i} + j]; ${each(quads, (c) => `acc${i}_${c} += d * a${c};`)} }`)}
  }`
      : ""
  }
  let keep = p.accumulate != 0u;
  ${each(
    rows,
    (i) => `if (m + ${i}u < p.rows) {
    let o = (p.xRow + m + ${i}u) * width + column * ${quads}u;
    ${each(quads, (c) => `if (column * ${quads}u + ${c}u < width) { if (keep) { acc${i}_${c} += dx[o + ${c}u]; } dx[o + ${c}u] = acc${i}_${c}; }`)}
  }`,
  )}
}`;
    return { name, code, access: bindings.map(([, , access]) => access), sliced: true };
  });
}
