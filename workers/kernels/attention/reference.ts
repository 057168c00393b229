/** Plain attention and its gradient in f64: the yardstick of the kernels' tests. Clear first, T x T loops and all. */

/** Shapes of one packed batch. Row m attends to rows of [starts[m], ends[m]), up to itself when causal. */
export interface AttentionCase {
  starts: ArrayLike<number>;
  ends: ArrayLike<number>;
  heads: number;
  kvHeads: number;
  headSize: number;
  causal: boolean;
  rows: number;
  /** First query row of `qkv`; outputs start at row 0. */
  past?: number;
  /** Factor on the scores; 1 / sqrt(headSize) if absent. */
  scale?: number;
}

/** `qkv` [past + rows, (H + 2 KV) * D] -> `out` [rows, H * D] and `lse` [rows, H], the log-sum-exp of the scaled scores. */
export function attentionReference(qkv: ArrayLike<number>, c: AttentionCase): { out: Float64Array; lse: Float64Array } {
  const { heads, kvHeads, headSize, rows, past = 0, scale = 1 / Math.sqrt(c.headSize) } = c;
  const stride = (heads + 2 * kvHeads) * headSize;
  const out = new Float64Array(rows * heads * headSize);
  const lse = new Float64Array(rows * heads);
  for (let m = 0; m < rows; m++) {
    const row = past + m;
    const from = c.starts[row]!;
    const to = c.causal ? row + 1 : c.ends[row]!;
    for (let h = 0; h < heads; h++) {
      const kv = Math.floor(h / (heads / kvHeads));
      const q = row * stride + h * headSize;
      const scores: number[] = [];
      for (let j = from; j < to; j++) {
        const k = j * stride + (heads + kv) * headSize;
        let dot = 0;
        for (let d = 0; d < headSize; d++) dot += qkv[q + d]! * qkv[k + d]!;
        scores.push(dot * scale);
      }
      const largest = Math.max(...scores);
      const sum = scores.reduce((total, s) => total + Math.exp(s - largest), 0);
      lse[m * heads + h] = largest + Math.log(sum);
      scores.forEach((s, i) => {
        const v = (from + i) * stride + (heads + kvHeads + kv) * headSize;
        const p = Math.exp(s - largest) / sum;
        for (let d = 0; d < headSize; d++) out[(m * heads + h) * headSize + d]! += p * qkv[v + d]!;
      });
    }
  }
  return { out, lse };
}

/** Gradient of sum(dOut * out) with respect to `qkv` (past = 0): [rows, (H + 2 KV) * D]. */
export function attentionReferenceBackward(
  qkv: ArrayLike<number>,
  dOut: ArrayLike<number>,
  c: AttentionCase,
): Float64Array {
  const { heads, kvHeads, headSize, rows, scale = 1 / Math.sqrt(c.headSize) } = c;
  const stride = (heads + 2 * kvHeads) * headSize;
  const { out, lse } = attentionReference(qkv, c);
  const dQkv = new Float64Array(rows * stride);
  for (let m = 0; m < rows; m++) {
    const to = c.causal ? m + 1 : c.ends[m]!;
    for (let h = 0; h < heads; h++) {
      const kv = Math.floor(h / (heads / kvHeads));
      const q = m * stride + h * headSize;
      const o = (m * heads + h) * headSize;
      let delta = 0;
      for (let d = 0; d < headSize; d++) delta += dOut[o + d]! * out[o + d]!;
      for (let j = c.starts[m]!; j < to; j++) {
        const k = j * stride + (heads + kv) * headSize;
        const v = k + kvHeads * headSize;
        let score = 0;
        let dP = 0;
        for (let d = 0; d < headSize; d++) {
          score += qkv[q + d]! * qkv[k + d]!;
          dP += dOut[o + d]! * qkv[v + d]!;
        }
        const p = Math.exp(score * scale - lse[m * heads + h]!);
        const dS = p * (dP - delta) * scale;
        for (let d = 0; d < headSize; d++) {
          dQkv[q + d]! += dS * qkv[k + d]!;
          dQkv[k + d]! += dS * qkv[q + d]!;
          dQkv[v + d]! += p * dOut[o + d]!;
        }
      }
    }
  }
  return dQkv;
}
