/**
 * Rotary position embedding (Su et al. 2021) in Hugging Face's rotate_half layout, in place on the query and key heads of a packed
 * projection. Cosines and sines come from a table made on the CPU as transformers computes them (LlamaRotaryEmbedding: angles
 * in f32), because WGSL's own are too coarse at large angles.
 */
import { TabTuneError } from "../../errors.ts";
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, f32, type Recorder, type Size } from "../../gpu/program.ts";
import type { KvCache } from "./attention.ts";
import code from "./rope.wgsl?raw";
import cacheCode from "./rope-cache.wgsl?raw";

export interface Rope<K extends string = string> {
  /** [rows, (H + 2 KV) * D], rotated in place; `dQkv` on the way back. */
  qkv: Tensor;
  /** u32 by row (of the cache, where there is one), each below the table's maxPositions. */
  positions: Tensor;
  /** `ropeTable(…)`, uploaded. */
  table: Tensor;
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
    kernel: { name: "rope-cache", code: cacheCode, access: ["read_write", "read_write", "read", "read"] },
    tensors: [a.qkv, a.cache.kv, a.positions, a.table],
    params: [a.cache.past, a.heads, a.kvHeads, half],
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
    kernel: { name: "rope", code, access: ["read_write", "read", "read"] },
    tensors: [a.qkv, a.positions, a.table],
    params: [rotated, (rotated + a.kvHeads) * a.headSize, half, f32(direction)],
    workgroups: [ceilDiv(rotated * half, 64), a.rows],
  });
}

/**
 * [maxPositions, headSize / 2, 2]: cosine and sine of position * theta^(-2 i / headSize), with the frequency and the angle each
 * rounded to f32 as PyTorch has them. Throws TabTuneError for an odd head size or a theta that is not positive.
 */
export function ropeTable(maxPositions: number, headSize: number, theta: number): Float32Array<ArrayBuffer> {
  if (headSize % 2 !== 0 || !(theta > 0)) {
    throw new TabTuneError(
      "unsupported-model",
      `Rotary position embedding with head size ${headSize} and rope_theta ${theta} is not supported.`,
      "Choose a model whose config.json has an even head size and a positive rope_theta.",
    );
  }
  const half = headSize / 2;
  const table = new Float32Array(maxPositions * half * 2);
  for (let i = 0; i < half; i++) {
    // torch: 1.0 / (theta ** (arange(0, D, 2).float() / D)), where the power and the quotient are f32.
    const frequency = Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headSize)));
    for (let position = 0; position < maxPositions; position++) {
      const angle = Math.fround(position * frequency);
      table[(position * half + i) * 2] = Math.cos(angle);
      table[(position * half + i) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
