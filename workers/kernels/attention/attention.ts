/**
 * Scaled dot-product attention over packed sequences: forward with the log-sum-exp kept, backward in three dispatches that
 * rebuild the probabilities from it, so that no T x T matrix ever exists (FlashAttention-2, Dao 2023, in its two-pass form:
 * one kernel sums over keys, one over queries, nothing is atomic, and the result is bitwise the same every time).
 *
 * Rows are tokens of several sequences laid one after the other: `starts[m]` and `ends[m]` are the first row of row m's sequence
 * and one past its last. `qkv` is one projection, [rows, (H + 2 KV) * D]: query heads, then key heads, then value heads.
 * What is written must lie in other buffers than what is read.
 */
import { TabTuneError } from "../../errors.ts";
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, type Dims, evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import backwardBindings from "./backward-bindings.wgsl?raw";
import common from "./common.wgsl?raw";
import decodeCode from "./decode.wgsl?raw";
import deltaCode from "./delta.wgsl?raw";
import forwardBindings from "./forward-bindings.wgsl?raw";
import dkvGpuCode from "./gpu/dkv.wgsl?raw";
import dqGpuCode from "./gpu/dq.wgsl?raw";
import forwardGpuCode from "./gpu/forward.wgsl?raw";
import tileCode from "./gpu/tile.wgsl?raw";
import dkvSoftwareCode from "./software/dkv.wgsl?raw";
import dqSoftwareCode from "./software/dq.wgsl?raw";
import forwardSoftwareCode from "./software/forward.wgsl?raw";

/**
 * How the work is cut. "software": a thread per 4 rows and head, no barrier, for software adapters. "gpu": a workgroup per 32
 * rows and head, operands in workgroup memory, for GPUs. "decode" (forward only): a workgroup per row and head, for chat.
 */
export type AttentionTile = "software" | "gpu" | "decode";

export interface AttentionShape<K extends string = string> {
  heads: number;
  /** Divides `heads`: each key head serves heads / kvHeads query heads. */
  kvHeads: number;
  /** A multiple of 4, at most 256. */
  headSize: number;
  /** True: keys from the sequence's start to the row itself. False: the whole sequence. */
  causal: boolean;
  /** Query rows. Every one belongs to a sequence: rows that only pad are not covered by it. */
  rows: Size<K>;
  /** Factor on the scores; 1 / sqrt(headSize) if absent. */
  scale?: number;
  /** Visible (query, key) pairs of one head, for the cost counters; if absent, as if all rows were one sequence. */
  pairs?: Size<K>;
}

export interface AttentionForward<K extends string = string> extends AttentionShape<K> {
  /** [rows, H * D], overwritten. */
  out: Tensor;
  /** [rows, H], overwritten: log-sum-exp of the scaled scores. */
  lse: Tensor;
  /** [rows, (H + 2 KV) * D]. */
  qkv: Tensor;
  /** u32 by row of the keys. */
  starts: Tensor;
  ends: Tensor;
  /**
   * Rows of a sequence, where all are equally long: then each is computed in the same way wherever it lies, so that its bits do not
   * depend on how many lie before it. `sequences`: how many there are at most, where they differ in length (and nothing is cached).
   */
  span?: number | { sequences: Size<K> };
  /** Where keys and values lie if not in `qkv`. */
  cache?: KvCache<K> | undefined;
  /** Default: what the recorder was given for the adapter. */
  tile?: AttentionTile;
}

export interface AttentionBackward<K extends string = string> extends AttentionShape<K> {
  /** [rows, (H + 2 KV) * D], overwritten. */
  dQkv: Tensor;
  /** [rows, H * D]. */
  dOut: Tensor;
  /** What the forward pass left. */
  out: Tensor;
  lse: Tensor;
  /** [rows, H], scratch. */
  delta: Tensor;
  qkv: Tensor;
  starts: Tensor;
  ends: Tensor;
  /** Default: what the recorder was given for the adapter. */
  tile?: Exclude<AttentionTile, "decode">;
}

/** Keys and values of a sequence so far; the rows of a pass are its rows past … past + rows - 1, already there. */
export interface KvCache<K extends string = string> {
  /** [past + rows, 2 KV * D]: key heads, then value heads. */
  kv: Tensor;
  past: Size<K>;
}

/** Rows of a block, and blocks of a workgroup. */
const BLOCKS = { software: [4, 16], gpu: [32, 1], decode: [1, 1] } as const;
const DECODE_THREADS = 64;

/** Records the forward pass. Throws TabTuneError for a head size or head count the kernels do not have. */
export function attentionForward<K extends string>(r: Recorder<K>, a: AttentionForward<K>): void {
  checkHeads(a);
  const tile = a.tile ?? r.variants.attention;
  const parts = {
    software: [common, forwardSoftwareCode],
    gpu: [common, tileCode, forwardGpuCode],
    decode: [decodeCode],
  }[tile];
  const kernel: Kernel = {
    name: `attention-forward-${tile}`,
    code: compose(constants(a), forwardBindings, ...parts),
    access: ["read_write", "read_write", "read", "read", "read", "read"],
    sliced: true,
  };
  const { kv = a.qkv, past = 0 } = a.cache ?? {};
  const vectors = a.headSize / 4;
  const [kvHeads, before] = a.cache ? [2 * a.kvHeads, 0] : [a.heads + 2 * a.kvHeads, a.heads];
  const pairs = visiblePairs(a, past);
  const [blockRows, blocksPerGroup] = BLOCKS[tile];
  const sequences = typeof a.span === "object" ? a.span.sequences : undefined;
  const span: Size<K> = typeof a.span === "object" ? 0 : (a.span ?? a.rows);
  const blocks = (dims: Dims<K>): number => {
    const [rows, length] = [evaluate(a.rows, dims), evaluate(span, dims)];
    // Each sequence may end in a block that is not full.
    if (sequences !== undefined) return rows && ceilDiv(rows, blockRows) + evaluate(sequences, dims);
    return rows && ceilDiv(rows, length) * ceilDiv(length, blockRows);
  };
  const groups = (dims: Dims<K>): number => ceilDiv(blocks(dims), blocksPerGroup);
  r.dispatch({
    kernel,
    tensors: [a.out, a.lse, a.qkv, kv, a.starts, a.ends],
    params: [
      a.rows,
      past,
      a.heads,
      a.kvHeads,
      a.causal ? 1 : 0,
      f32(scaleOf(a)),
      kvHeads * vectors,
      before * vectors,
      span,
    ],
    workgroups: [groups, a.heads],
    flops: (dims) => 2 * 2 * pairs(dims) * a.heads * a.headSize,
  });
}

/** Records the backward pass. Every element of `dQkv`'s first `rows` rows is written. Throws as the forward pass does. */
export function attentionBackward<K extends string>(r: Recorder<K>, a: AttentionBackward<K>): void {
  checkHeads(a);
  const tile = a.tile ?? r.variants.attention;
  const gpu = tile === "gpu";
  const rowHeads = (dims: Dims<K>) => evaluate(a.rows, dims) * a.heads;
  r.dispatch({
    kernel: { name: "attention-delta", code: compose(constants(a), deltaCode), access: ["read_write", "read", "read"] },
    tensors: [a.delta, a.dOut, a.out],
    params: [rowHeads],
    workgroups: [(dims) => ceilDiv(rowHeads(dims), 64)],
    flops: (dims) => 2 * rowHeads(dims) * a.headSize,
  });
  const pairs = visiblePairs(a);
  const [blockRows, blocksPerGroup] = BLOCKS[tile];
  const passes = [
    { name: "dq", parts: gpu ? [tileCode, dqGpuCode] : [dqSoftwareCode], heads: a.heads, products: 3 },
    { name: "dkv", parts: gpu ? [tileCode, dkvGpuCode] : [dkvSoftwareCode], heads: a.kvHeads, products: 4 },
  ];
  for (const pass of passes) {
    const kernel: Kernel = {
      name: `attention-${pass.name}-${tile}`,
      code: compose(constants(a), backwardBindings, common, ...pass.parts),
      access: ["read_write", "read", "read", "read", "read", "read", "read"],
      sliced: true,
    };
    r.dispatch({
      kernel,
      tensors: [a.dQkv, a.dOut, a.qkv, a.lse, a.delta, a.starts, a.ends],
      params: [a.rows, a.heads, a.kvHeads, a.causal ? 1 : 0, f32(scaleOf(a))],
      workgroups: [(dims) => ceilDiv(evaluate(a.rows, dims), blockRows * blocksPerGroup), pass.heads],
      flops: (dims) => 2 * pass.products * pairs(dims) * a.heads * a.headSize,
    });
  }
}

const scaleOf = (a: Pick<AttentionShape, "scale" | "headSize">): number => a.scale ?? 1 / Math.sqrt(a.headSize);

/** The `const` lines that all attention kernels take; a kernel uses those it needs. */
function constants(a: Pick<AttentionShape, "headSize">): string {
  const vectors = a.headSize / 4;
  return [
    `const D4 = ${vectors}u;`,
    `const CHUNKS = ${ceilDiv(vectors, 4)}u;`,
    `const WIDTHS = ${ceilDiv(vectors, 8)}u;`,
    `const THREADS = ${DECODE_THREADS}u;`,
    `const SHARES = ${Math.floor(DECODE_THREADS / vectors)}u;`,
  ].join("\n");
}

const visiblePairs =
  <K extends string>(a: AttentionShape<K>, past: Size<K> = 0) =>
  (dims: Dims<K>): number => {
    if (a.pairs !== undefined) return evaluate(a.pairs, dims);
    const rows = evaluate(a.rows, dims);
    return rows * evaluate(past, dims) + (a.causal ? (rows * (rows + 1)) / 2 : rows * rows);
  };

function checkHeads(a: Pick<AttentionShape, "heads" | "kvHeads" | "headSize">): void {
  if (a.headSize % 4 === 0 && a.headSize > 0 && a.headSize <= 256 && a.heads % a.kvHeads === 0) return;
  throw new TabTuneError(
    "unsupported-model",
    `Attention with ${a.heads} heads, ${a.kvHeads} key heads and head size ${a.headSize} is not supported.`,
    "Choose a model whose head size is a multiple of 4 up to 256 and whose key heads divide its heads.",
  );
}
