/** How things are timed and compared. */
import type { Timing } from "./results.ts";

export interface Candidate {
  flops: number;
  /** Resolves when the GPU is done. */
  run(): Promise<unknown>;
}

/** Each candidate once to warm up, then rounds A, B, C, A, B, C …: what else the machine does falls on all alike. */
export async function interleave(candidates: Candidate[], rounds: number): Promise<Timing[]> {
  for (const { run } of candidates) await run();
  const times = candidates.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { run }] of candidates.entries()) {
      const started = performance.now();
      await run();
      times[i]!.push(performance.now() - started);
    }
  }
  return candidates.map(({ flops }, i) => ({ ms: Math.min(...times[i]!), rounds: times[i]!, flops }));
}

/** L2 norm of the difference over the L2 norm of the expectation. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values where ${expected.length} are expected`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** A bench whose sides compute different things compares nothing: it fails. A NaN fails too. */
export function mustAgree(what: string, error: number, tolerance: number): number {
  if (error <= tolerance) return error;
  throw new Error(`${what}: relative difference ${error}, allowed ${tolerance}`);
}
