/**
 * Several kernels give the same result at different speeds. Which of them a program is recorded with is decided once, in one place: a
 * `Variants` is made from the adapter's facts (kernels/select.ts) and given to the recorder; the ops ask it.
 */

/** The size of a workgroup's tile of the result (kernels/linear/tiles.ts); "f16": the weights' tile holds halves. */
export type GpuTileName =
  | "32x32"
  | "64x64"
  | "128x64"
  | "128x64 deep"
  | "128x128"
  | "64x64 f16"
  | "128x64 f16"
  | "128x128 f16";
/**
 * "software": the family for software adapters, without barriers or workgroup memory. Else the family for GPUs, in tiles of that size.
 * Both run on any adapter.
 */
export type LinearVariant = "software" | GpuTileName;
/**
 * The product of one row: a thread a column ("software"), or a workgroup for a few columns, whose threads' sums meet in workgroup memory
 * or by subgroup operations.
 */
export type DecodeVariant = "software" | "workgroup" | "subgroup";

/** What a choice may depend on: result [rows, columns], sum over `depth`. Rows vary from batch to batch and are not asked. */
export interface LinearShape {
  direction: "forward" | "backward";
  columns: number;
  depth: number;
}

export interface Variants {
  linear(shape: LinearShape): LinearVariant;
  /** Forward products of a single row. */
  decode(shape: Omit<LinearShape, "direction">): DecodeVariant;
  attention: "software" | "gpu";
}

/** Runs everywhere: what a recorder takes when nobody chose. */
export const softwareVariants: Variants = {
  linear: () => "software",
  decode: () => "software",
  attention: "software",
};
