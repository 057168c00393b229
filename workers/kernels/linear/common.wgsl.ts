/**
 * What the linear family shares: the uniform and its values, bindings, tiles. The kernels of software adapters run on any other too: a
 * thread owns rows x columns of the result and meets neither barrier nor workgroup memory.
 */
import { ceilDiv, evaluate, f32, type Kernel, type Param, type Size } from "../../gpu/program.ts";
import type { DenseFormat, FourBitWeight, Weight } from "./weight.ts";

/** What a kernel must know of a weight. nf4 and fp4 share every kernel: their tables travel in the uniform. */
export type Format = DenseFormat | `4bit ${FourBitWeight["absmaxFormat"]}`;
export const formatOf = (weight: Weight): Format => ("codes" in weight ? `4bit ${weight.absmaxFormat}` : weight.format);
export const isFourBit = (format: Format): boolean => format.startsWith("4bit");

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

/** What the kernels know of an adapter. */
export interface LoraShape {
  rank: number;
  scale: number;
  /** First column of each group (at most 3), multiples of 4: [0] for one projection. */
  groupStarts: number[];
}

/** Width of xa and t. */
export const loraWidth = (l: LoraShape): number => l.groupStarts.length * l.rank;

export interface LinearParams<K extends string = string> {
  code?: readonly number[];
  rows: Size<K>;
  outSize: number;
  inSize: number;
  xRow?: Size<K>;
  yRow?: Size<K>;
  accumulate?: Size<K>;
  lora?: LoraShape;
  blockSize?: number;
  /** outSize by default. */
  yStride?: number;
}

/** One to three groups, ascending from 0, at multiples of 4: what `struct Params` can say. */
const validGroups = (starts: number[]): boolean =>
  starts.length >= 1 &&
  starts.length <= 3 &&
  starts[0] === 0 &&
  starts.every((s, g) => s % 4 === 0 && (g === 0 || s > starts[g - 1]!));

/** The uniform of every kernel of the family, in the order of `struct Params`. */
export function linearParams<K extends string>(p: LinearParams<K>): Param<K>[] {
  if (p.lora && !validGroups(p.lora.groupStarts)) throw new Error(`LoRA groups start at ${p.lora.groupStarts}`);
  const [, group1 = 0xffffffff, group2 = 0xffffffff] = p.lora?.groupStarts ?? [];
  return [
    ...Array.from({ length: 16 }, (_, i) => f32(p.code?.[i] ?? 0)),
    p.rows,
    p.outSize,
    p.inSize,
    p.xRow ?? 0,
    p.yRow ?? 0,
    p.accumulate ?? 0,
    p.lora?.rank ?? 0,
    group1,
    group2,
    p.lora ? loraWidth(p.lora) : 0,
    Math.log2(p.blockSize ?? 64),
    f32(p.lora?.scale ?? 0),
    p.yStride ?? p.outSize,
  ];
}

export const times = <K extends string>(rows: Size<K>, factor: number): Size<K> =>
  typeof rows === "number" ? rows * factor : (dims) => rows(dims) * factor;

export const groups = <K extends string>(rows: Size<K>, size: number): Size<K> =>
  typeof rows === "number" ? ceilDiv(rows, size) : (dims) => ceilDiv(evaluate(rows, dims), size);

/** Why a weight cannot be run by these kernels, or undefined. */
export function shapeProblem(weight: Weight): string | undefined {
  if (weight.out % 4 !== 0) return `its ${weight.out} outputs are not a multiple of 4`;
  if ("codes" in weight) {
    const { blockSize } = weight;
    if (blockSize < 32 || blockSize > 4096 || !Number.isInteger(Math.log2(blockSize))) {
      return `its 4-bit block size ${blockSize} is not a power of two from 32 to 4096`;
    }
  }
  const step = "codes" in weight ? 8 : 4;
  return weight.in % step === 0 ? undefined : `its ${weight.in} inputs are not a multiple of ${step}`;
}

/** What a forward kernel adds to x Wᵀ. */
export interface ForwardParts {
  format: Format;
  lora: boolean;
  bias: boolean;
  residual: boolean;
}

/** "linear forward", the parts, and what else tells the kernel from others. */
export const forwardName = ({ format, lora, bias, residual }: ForwardParts, ...rest: string[]): string =>
  ["linear forward", format, lora && "lora", bias && "bias", residual && "residual", ...rest].filter(Boolean).join(" ");

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

/** The bindings of a weight: words of eight codes and their blocks, or quads of dense values. */
export function weightBindings(format: Format): Binding[] {
  if (!isFourBit(format)) return [["w", format === "f32" ? "vec4f" : "vec2u", "read"]];
  return [
    ["w", "u32", "read"],
    ["absmax", format === "4bit f16" ? "u32" : "f32", "read"],
  ];
}

/** `fn blockScale(i) -> f32`: absmax of block i of a 4-bit weight. `fn quad(i) -> vec4f`: elements 4i … 4i + 3 of a dense one. */
export function weightReader(format: Format): string {
  const scale = (value: string): string => `fn blockScale(i: u32) -> f32 { return ${value}; }`;
  const quad = (value: string): string => `fn quad(i: u32) -> vec4f { return ${value}; }`;
  return {
    "4bit f16": scale("unpack2x16float(absmax[i >> 1u] >> (16u * (i & 1u))).x"),
    "4bit f32": scale("absmax[i]"),
    f32: quad("w[i]"),
    f16: quad("vec4f(unpack2x16float(w[i].x), unpack2x16float(w[i].y))"),
    bf16: quad("bitcast<vec4f>(vec4u(w[i].x << 16u, w[i].x & 0xffff0000u, w[i].y << 16u, w[i].y & 0xffff0000u))"),
  }[format];
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
