/**
 * What the kernels with one thread per element share. WebGPU allows 65,535 workgroups per dimension, so long vectors are folded
 * over x and y; a kernel finds its element as `(wid.y * groups.x + wid.x) * WIDTH + lid`.
 */
import { ceilDiv, evaluate, type Size } from "../gpu/program.ts";

/** Threads per workgroup of the element kernels (`@workgroup_size(WIDTH)` in their WGSL). */
export const WIDTH = 64;

const MAX_GROUPS = 65_535;

/** Workgroups [x, y] for `count` elements at `perGroup` elements each; [0, 0] (a skipped dispatch) when there are none. */
export function linearGrid<K extends string>(count: Size<K>, perGroup = WIDTH): [Size<K>, Size<K>] {
  const y = (n: number) => ceilDiv(n, perGroup * MAX_GROUPS);
  const x = (n: number) => (n === 0 ? 0 : ceilDiv(ceilDiv(n, perGroup), y(n)));
  return [(dims) => x(evaluate(count, dims)), (dims) => y(evaluate(count, dims))];
}

/** The product of sizes, as a size. */
export function product<K extends string>(...sizes: Size<K>[]): Size<K> {
  return (dims) => sizes.reduce<number>((total, size) => total * evaluate(size, dims), 1);
}
