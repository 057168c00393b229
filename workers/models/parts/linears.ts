/**
 * The linears of a layer, written once. Weights, LoRA, names, parameter counts, FLOPs, the memory plan, PEFT and GGUF names
 * derive from these tables.
 */

/** Projections that share their input and lie as one matrix on the GPU, one part's rows behind the other's. */
export interface FusedLinear {
  inSize: number;
  /** Module under its layer, and its outputs: ["self_attn.q_proj", 4096]. */
  parts: readonly (readonly [module: string, out: number])[];
  /** Whether the checkpoint has a bias for each part. */
  bias: boolean;
}

/** The linears of one layer, by the name that the layer's code gives them; in the order in which LoRA matrices lie in memory. */
export type Linears<K extends string> = Readonly<Record<K, FusedLinear>>;

/** Outputs of all parts. */
export const outSize = ({ parts }: FusedLinear): number => parts.reduce((sum, [, out]) => sum + out, 0);

/** Values of the matrices, biases left out: a row costs two FLOPs for each. */
export const matrixParameters = (l: FusedLinear): number => l.inSize * outSize(l);

/** Values of LoRA's matrices: A [rank, inSize] of each part and B [out, rank]. */
export const loraParameters = (l: FusedLinear, rank: number): number => rank * (l.parts.length * l.inSize + outSize(l));

/** Sum over the linears of a layer. */
export const sumOf = <K extends string>(linears: Linears<K>, f: (l: FusedLinear) => number): number =>
  Object.values<FusedLinear>(linears).reduce((sum, l) => sum + f(l), 0);

/** One value a linear, under the same names. */
export function mapLinears<K extends string, T>(linears: Linears<K>, f: (l: FusedLinear, key: K) => T): Record<K, T> {
  return Object.fromEntries((Object.keys(linears) as K[]).map((key) => [key, f(linears[key], key)])) as Record<K, T>;
}

/** Last words of the modules: "q_proj", "k_proj" … What PEFT's `target_modules` calls a module. */
export const leavesOf = <K extends string>(linears: Linears<K>): string[] =>
  Object.values<FusedLinear>(linears).flatMap(({ parts }) => parts.map(([module]) => module.split(".").at(-1)!));
