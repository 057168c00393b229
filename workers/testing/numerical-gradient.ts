/** What the gradients of references are tested against. */
import { slope } from "../kernels/activation/reference.ts";

/** Gradient of a scalar function by central differences, one element at a time. */
export function numericalGradient(f: (x: Float64Array) => number, x: ArrayLike<number>): Float64Array {
  const point = Float64Array.from(x);
  return point.map((value, i) => {
    const d = slope((v) => {
      point[i] = v;
      return f(point);
    }, value);
    point[i] = value;
    return d;
  });
}
