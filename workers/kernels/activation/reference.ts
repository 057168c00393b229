/** Plain f64 versions of the element kernels and their slopes. */
import type { GeluKind } from "./gelu.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The complementary error function: its all-positive series below 2.5 (Abramowitz & Stegun 7.1.6), continued fraction 7.1.14 above. */
export function erfc(z: number): number {
  if (z < 0) return 2 - erfc(-z);
  if (z < 2.5) {
    let term = (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * z;
    let sum = 0;
    for (let n = 1; term > 1e-20; n++) {
      sum += term;
      term *= (2 * z * z) / (2 * n + 1);
    }
    return 1 - sum;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
}

const TANH_SCALE = Math.sqrt(2 / Math.PI);

export function geluReference(x: number, kind: GeluKind): number {
  if (kind === "quick_gelu") return x * sigmoid(1.702 * x);
  if (kind === "gelu") return 0.5 * x * erfc(-x * Math.SQRT1_2);
  return 0.5 * x * (1 + Math.tanh(TANH_SCALE * (x + 0.044715 * x ** 3)));
}

export const siluReference = (x: number): number => x * sigmoid(x);

/** y [rows, size] = silu(gate) * up of gateUp [rows, 2 size]. */
export function swigluReference(gateUp: ArrayLike<number>, rows: number, size: number): Float64Array {
  return Float64Array.from({ length: rows * size }, (_, i) => {
    const at = i + Math.floor(i / size) * size;
    return siluReference(gateUp[at]!) * gateUp[at + size]!;
  });
}

/** Derivative of a function of one number by the five-point central difference: about ten digits for smooth f near 1. */
export function slope(f: (x: number) => number, x: number, h = 1e-3): number {
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}
