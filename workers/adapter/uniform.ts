/**
 * Our kernels know one rank and one scale for a whole adapter; PEFT's `rank_pattern` and `alpha_pattern` give each module its own.
 * A smaller rank is the largest with zeros in the rows of A and the columns of B that it lacks, and another scale is B times the
 * quotient: the products are the same.
 */
import type { ImportedModule } from "./peft-import.ts";

export interface UniformAdapter {
  rank: number;
  scale: number;
  modules: ImportedModule[];
}

/** `modules` is not empty. What is uniform already is not copied. */
export function uniformAdapter(modules: readonly ImportedModule[]): UniformAdapter {
  const rank = Math.max(...modules.map((m) => m.rank));
  const { scale } = modules.find((m) => m.rank === rank)!;
  return { rank, scale, modules: modules.map((m) => uniform(m, rank, scale)) };
}

function uniform(m: ImportedModule, rank: number, scale: number): ImportedModule {
  if (m.rank === rank && m.scale === scale) return m;
  const loraA = new Float32Array(rank * m.inFeatures);
  loraA.set(m.loraA);
  const loraB = new Float32Array(m.outFeatures * rank);
  const factor = m.scale / scale;
  for (let row = 0; row < m.outFeatures; row++) {
    for (let r = 0; r < m.rank; r++) loraB[row * rank + r] = m.loraB[row * m.rank + r]! * factor;
  }
  return { ...m, loraA, loraB, rank, scale };
}
