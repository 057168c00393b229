/** Cross-entropy in f64, one row after the other. */

export interface CrossEntropyResult {
  /** [rows]. */
  nll: Float64Array;
  /** [rows, ld]: (softmax - onehot) * gradScale, zero in the columns from `vocab` on. */
  gradient: Float64Array;
}

/** `logits` [rows, ld], of which `vocab` columns count. */
export function crossEntropyReference(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  { vocab, ld, gradScale }: { vocab: number; ld: number; gradScale: number },
): CrossEntropyResult {
  const rows = targets.length;
  const nll = new Float64Array(rows);
  const gradient = new Float64Array(rows * ld);
  for (let row = 0; row < rows; row++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < vocab; i++) top = Math.max(top, logits[row * ld + i]!);
    let sum = 0;
    for (let i = 0; i < vocab; i++) sum += Math.exp(logits[row * ld + i]! - top);
    const logsumexp = top + Math.log(sum);
    nll[row] = logsumexp - logits[row * ld + targets[row]!]!;
    for (let i = 0; i < vocab; i++) {
      const probability = Math.exp(logits[row * ld + i]! - logsumexp);
      gradient[row * ld + i] = (probability - (i === targets[row] ? 1 : 0)) * gradScale;
    }
  }
  return { nll, gradient };
}
