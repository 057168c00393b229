/** Plain norms and their input gradients in f64: the yardstick of the kernels' tests. Rows are [rows, size]. */

/** Llama's RMSNorm: x * rsqrt(mean(x²) + eps) * weight. */
export function rmsNormReference(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  rows: number,
  eps: number,
): { y: Float64Array; rstd: Float64Array } {
  const size = weight.length;
  const y = new Float64Array(rows * size);
  const rstd = new Float64Array(rows);
  for (let m = 0; m < rows; m++) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += x[m * size + i]! ** 2;
    rstd[m] = 1 / Math.sqrt(squares / size + eps);
    for (let i = 0; i < size; i++) y[m * size + i] = x[m * size + i]! * rstd[m]! * weight[i]!;
  }
  return { y, rstd };
}

/** Gradient of sum(dy * rmsNorm(x)) with respect to x. */
export function rmsNormReferenceBackward(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  rows: number,
  eps: number,
): Float64Array {
  const size = weight.length;
  const { rstd } = rmsNormReference(x, weight, rows, eps);
  const dx = new Float64Array(rows * size);
  for (let m = 0; m < rows; m++) {
    const scale = rstd[m]!;
    let product = 0;
    for (let i = 0; i < size; i++) product += dy[m * size + i]! * weight[i]! * x[m * size + i]!;
    for (let i = 0; i < size; i++) {
      dx[m * size + i] = scale * dy[m * size + i]! * weight[i]! - (x[m * size + i]! * scale ** 3 * product) / size;
    }
  }
  return dx;
}

/** The heads of a packed projection [rows, (H + 2 KV) * D]. */
export interface PackedHeads {
  heads: number;
  kvHeads: number;
  rows: number;
}

/** RMSNorm of each query and key head; values stay. transformers: Qwen3Attention's q_norm and k_norm. */
export function headNormReference(
  x: ArrayLike<number>,
  queryWeight: ArrayLike<number>,
  keyWeight: ArrayLike<number>,
  shape: PackedHeads,
  eps: number,
): Float64Array {
  return byHead(x, queryWeight, keyWeight, shape, (at, weight) => {
    const head = Array.from({ length: weight.length }, (_, i) => x[at + i]!);
    return rmsNormReference(head, weight, 1, eps).y;
  });
}

/** Gradient of sum(dy * headNorm(x)) with respect to x. */
export function headNormReferenceBackward(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  queryWeight: ArrayLike<number>,
  keyWeight: ArrayLike<number>,
  shape: PackedHeads,
  eps: number,
): Float64Array {
  return byHead(dy, queryWeight, keyWeight, shape, (at, weight) => {
    const of = (values: ArrayLike<number>) => Array.from({ length: weight.length }, (_, i) => values[at + i]!);
    return rmsNormReferenceBackward(of(dy), of(x), weight, 1, eps);
  });
}

/** A copy of `values` in which each query and key head is what `make` gives for its place and weight. */
function byHead(
  values: ArrayLike<number>,
  queryWeight: ArrayLike<number>,
  keyWeight: ArrayLike<number>,
  { heads, kvHeads, rows }: PackedHeads,
  make: (at: number, weight: ArrayLike<number>) => Float64Array,
): Float64Array {
  const all = Float64Array.from(values);
  const size = queryWeight.length;
  for (let m = 0; m < rows; m++)
    for (let head = 0; head < heads + kvHeads; head++) {
      const at = (m * (heads + 2 * kvHeads) + head) * size;
      all.set(make(at, head < heads ? queryWeight : keyWeight), at);
    }
  return all;
}

/** LayerNorm: (x - mean) * rsqrt(variance + eps) * weight + bias, with the biased variance. */
export function layerNormReference(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  rows: number,
  eps: number,
): { y: Float64Array; mean: Float64Array; rstd: Float64Array } {
  const size = weight.length;
  const y = new Float64Array(rows * size);
  const mean = new Float64Array(rows);
  const rstd = new Float64Array(rows);
  for (let m = 0; m < rows; m++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += x[m * size + i]!;
    mean[m] = sum / size;
    let squares = 0;
    for (let i = 0; i < size; i++) squares += (x[m * size + i]! - mean[m]!) ** 2;
    rstd[m] = 1 / Math.sqrt(squares / size + eps);
    for (let i = 0; i < size; i++) {
      y[m * size + i] = (x[m * size + i]! - mean[m]!) * rstd[m]! * weight[i]! + bias[i]!;
    }
  }
  return { y, mean, rstd };
}

/** Gradient of sum(dy * layerNorm(x)) with respect to x. */
export function layerNormReferenceBackward(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  rows: number,
  eps: number,
): Float64Array {
  const size = weight.length;
  const { mean, rstd } = layerNormReference(x, weight, new Float64Array(size), rows, eps);
  const dx = new Float64Array(rows * size);
  for (let m = 0; m < rows; m++) {
    const normalized = (i: number) => (x[m * size + i]! - mean[m]!) * rstd[m]!;
    const gradient = (i: number) => dy[m * size + i]! * weight[i]!;
    let sum = 0;
    let product = 0;
    for (let i = 0; i < size; i++) {
      sum += gradient(i);
      product += gradient(i) * normalized(i);
    }
    for (let i = 0; i < size; i++) {
      dx[m * size + i] = rstd[m]! * (gradient(i) - sum / size - (normalized(i) * product) / size);
    }
  }
  return dx;
}
