/** Numbers that a recording leaves open until it is replayed. */

/**
 * Numbers of one replay, by name: `rows`, `labelRows`, `past`, `learningRate` … A program names its own as `K`, so that one that is
 * misspelt or forgotten does not compile; `never` is a program without any. With the default every name is allowed and none is known.
 */
export type Dims<K extends string = string> = Readonly<Record<K, number>>;
/** A number fixed at recording time, or a function of the replay's dims. */
export type Size<K extends string = string> = number | ((dims: Dims<K>) => number);
/** A uniform field: u32 unless wrapped by `f32()`. */
export type Param<K extends string = string> = Size<K> | { f32: Size<K> };

export const f32 = <K extends string = never>(value: Size<K>): Param<K> => ({ f32: value });
export const evaluate = <K extends string>(size: Size<K>, dims: Dims<K>): number =>
  typeof size === "number" ? size : size(dims);

/** Workgroups needed so that `groups * size` covers `n`. */
export const ceilDiv = (n: number, size: number): number => Math.ceil(n / size);
