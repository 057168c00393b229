/**
 * Rotary position embedding (Su et al. 2021) in Hugging Face's rotate_half layout, in place on the query and key heads of a packed
 * projection. Cosines and sines come from a table made on the CPU as transformers computes them (LlamaRotaryEmbedding: angles
 * in f32), because WGSL's own are too coarse at large angles. A row has one position, or several of which each pair turns by one:
 * time, row and column of M-RoPE (transformers: models/qwen3_vl/modeling_qwen3_vl.py), row and column of a tower's patches.
 */
import { TabTuneError } from "../../errors.ts";
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, f32, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import type { KvCache } from "./attention.ts";
import code from "./rope.wgsl?raw";
import cacheCode from "./rope-cache.wgsl?raw";
import turnCode from "./rope-turn.wgsl?raw";

export interface Rope<K extends string = string> {
  /** [rows, (H + 2 KV) * D], rotated in place; `dQkv` on the way back. */
  qkv: Tensor;
  /** u32 [.., axes] by row (of the cache, where there is one), each below the table's maxPositions. */
  positions: Tensor;
  /** `ropeTable(…)` or `rotaryTable(…)`, uploaded; made with axes where a row has several positions. */
  table: Tensor;
  /** Positions of a row, of which each pair turns by one. Default 1. */
  axes?: number | undefined;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** At most 65,535. */
  rows: Size<K>;
}

/** Records the rotation. With a cache, rotated keys and the values go there, and those in `qkv` are left as they were. */
export function ropeForward<K extends string>(r: Recorder<K>, a: Rope<K> & { cache?: KvCache<K> | undefined }): void {
  if (!a.cache) {
    record(r, a, 1);
    return;
  }
  const half = a.headSize / 2;
  r.dispatch({
    kernel: {
      name: "rope-cache",
      code: compose(turnCode, cacheCode),
      access: ["read_write", "read_write", "read", "read"],
    },
    tensors: [a.qkv, a.cache.kv, a.positions, a.table],
    params: [a.cache.past, a.heads, a.kvHeads, half, ...axesOf(a)],
    workgroups: [ceilDiv((a.heads + 2 * a.kvHeads) * half, 64), a.rows],
  });
}

/** Records the inverse rotation, which is the gradient. */
export function ropeBackward<K extends string>(r: Recorder<K>, a: Rope<K>): void {
  record(r, a, -1);
}

function record<K extends string>(r: Recorder<K>, a: Rope<K>, direction: 1 | -1): void {
  const half = a.headSize / 2;
  const rotated = a.heads + a.kvHeads;
  r.dispatch({
    kernel: { name: "rope", code: compose(turnCode, code), access: ["read_write", "read", "read"] },
    tensors: [a.qkv, a.positions, a.table],
    params: [rotated, (rotated + a.kvHeads) * a.headSize, half, f32(direction), ...axesOf(a)],
    workgroups: [ceilDiv(rotated * half, 64), a.rows],
  });
}

/** Positions of a row, and the table's row that says which of them each pair turns by. */
const axesOf = ({ axes = 1, table, headSize }: Rope): number[] => [axes, Math.floor(table.length / headSize) - 1];

/**
 * Rows of `rotaryTable` at RoPE's usual frequencies theta^(-2 i / headSize), rounded to f32 as PyTorch has them. Throws TabTuneError
 * for an odd head size or a theta that is not positive.
 */
export function ropeTable(
  maxPositions: number,
  headSize: number,
  theta: number,
  axes?: readonly number[],
): Float32Array<ArrayBuffer> {
  if (headSize % 2 !== 0 || !(theta > 0)) {
    throw new TabTuneError(
      "unsupported-model",
      `Rotary position embedding with head size ${headSize} and rope_theta ${theta} is not supported.`,
      "Choose a model whose config.json has an even head size and a positive rope_theta.",
    );
  }
  return rotaryTable(maxPositions, ropeFrequencies(headSize, theta), axes);
}

/** [size / 2]: theta^(-2 i / size). torch: 1.0 / (theta ** (arange(0, D, 2).float() / D)), where the power and the quotient are f32. */
export const ropeFrequencies = (size: number, theta: number): Float32Array =>
  Float32Array.from({ length: size / 2 }, (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / size)));

/**
 * [maxPositions, pairs, 2]: cosine and sine of position * frequency, the angle rounded to f32, for each pair's frequency. With `axes`
 * [pairs] rows have several positions: one more row says, in front of each pair's zero, which of them the pair turns by.
 */
export function rotaryTable(
  maxPositions: number,
  frequencies: Float32Array,
  axes?: readonly number[],
): Float32Array<ArrayBuffer> {
  const pairs = frequencies.length;
  const table = new Float32Array((maxPositions + (axes ? 1 : 0)) * pairs * 2);
  for (const [i, frequency] of frequencies.entries()) {
    for (let position = 0; position < maxPositions; position++) {
      const angle = Math.fround(position * frequency);
      table[(position * pairs + i) * 2] = Math.cos(angle);
      table[(position * pairs + i) * 2 + 1] = Math.sin(angle);
    }
    if (axes) table[(maxPositions * pairs + i) * 2] = axes[i]!;
  }
  return table;
}
