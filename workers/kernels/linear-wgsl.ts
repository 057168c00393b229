/**
 * What the WGSL of the linear family shares: uniform, bindings, tiles. The kernels of software adapters run on any other too: a thread
 * owns rows x columns of the result and meets neither barrier nor workgroup memory.
 */
import type { Kernel } from "../gpu/program.ts";
import type { Weight } from "./weight.ts";

export type Format = Weight["format"];
/** nf4 and fp4 share every kernel: their tables travel in the uniform. */
export const isFourBit = (format: Format): boolean => format === "nf4" || format === "fp4";

/** Start of every kernel: the uniform (filled by `linearParams`) and the group of a column. */
export const params = /* wgsl */ `
struct Params {
  // The sixteen values of a 4-bit code.
  code: array<vec4f, 4>,
  rows: u32, outSize: u32, inSize: u32, xRow: u32, yRow: u32, accumulate: u32,
  rank: u32, group1: u32, group2: u32, loraWidth: u32, blockShift: u32, scale: f32,
  // Floats from one row of y to the next: more than outSize where y is columns of something wider.
  yStride: u32,
  // First workgroup of this piece of the dispatch.
  firstX: u32, firstY: u32, firstZ: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
fn group(n: u32) -> u32 { return select(0u, 1u, n >= p.group1) + select(0u, 1u, n >= p.group2); }
`;

/** `id` among all threads of the dispatch, of which this piece begins at workgroup (firstX, firstY, firstZ). */
export const invocation = (workgroup: readonly [x: number, y: number]): string =>
  `let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(${workgroup[0]}u, ${workgroup[1]}u, 1u);`;

export type Binding = [name: string, type: string, access: "read" | "read_write"];

/** WGSL of the storage bindings, from number 1 on. */
export const declare = (bindings: Binding[]): string =>
  bindings
    .map(([name, type, access], i) => `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${type}>;`)
    .join("\n");

/** `text` for 0 … n-1, a line each. */
export const each = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join("\n");
/** `text` for 0 … n-1, between commas. */
export const list = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(", ");

/** What a thread owns: `rows` x 4 * `quads` outputs; and the threads of a workgroup, along columns and rows. */
export interface Tile {
  rows: number;
  quads: number;
  workgroup: readonly [number, number];
}

export const DECODE: Tile = { rows: 1, quads: 1, workgroup: [32, 1] };

/** `fn quad(i) -> vec4f`: elements 4i … 4i + 3 of a dense weight, bound as vec4f (f32) or vec2u. */
export function quadReader(format: Format): string {
  const decode = {
    f32: "w[i]",
    f16: "vec4f(unpack2x16float(w[i].x), unpack2x16float(w[i].y))",
    bf16: "bitcast<vec4f>(vec4u(w[i].x << 16u, w[i].x & 0xffff0000u, w[i].y << 16u, w[i].y & 0xffff0000u))",
  }[format as "f32" | "f16" | "bf16"];
  return `fn quad(i: u32) -> vec4f { return ${decode}; }`;
}

const kernels = new Map<string, Kernel>();
/** One Kernel object for one text, so that the pipeline cache sees it once. */
export function cached(name: string, make: () => Kernel): Kernel {
  let kernel = kernels.get(name);
  if (!kernel) {
    kernel = make();
    kernels.set(name, kernel);
  }
  return kernel;
}

/** A private copy of the code table: on a software adapter, indexing it costs a third of indexing the uniform. */
export const codeTable = /* wgsl */ `var table = array<f32, 16>(${list(16, (i) => `p.code[${i >> 2}][${i & 3}]`)});`;
