/** Numbers that a recording leaves open until it is replayed. */

/** Numbers of one replay, by name: `rows`, `labelRows`, `past`, `learningRate` … */
export type Dims = Record<string, number>;
/** A number fixed at recording time, or a function of the replay's dims. */
export type Size = number | ((dims: Dims) => number);
/** A uniform field: u32 unless wrapped by `f32()`. */
export type Param = Size | { f32: Size };

export const f32 = (value: Size): Param => ({ f32: value });
export const evaluate = (size: Size, dims: Dims): number => (typeof size === "number" ? size : size(dims));

/** Workgroups needed so that `groups * size` covers `n`. */
export const ceilDiv = (n: number, size: number): number => Math.ceil(n / size);
