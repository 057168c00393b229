/** How kernels are timed against each other: in turns, as training sends them. */
import type { Pace } from "../gpu/pace.ts";
import type { Program } from "../gpu/program.ts";

/** Rather too low for a GPU: the first pieces are cut by it. */
const FIRST_GUESS = 2e11;

/**
 * Milliseconds of each program in each of `rounds`, without the first, which only warms up. Interleaved, so that a clock that changes
 * its speed is fair to all. `between` is called before each replay; what it throws ends the timing.
 */
export async function timeRounds(
  programs: Program<never>[],
  rounds: number,
  flopsPerSecond = FIRST_GUESS,
  between: () => void = () => {},
): Promise<number[][]> {
  const times = programs.map((): number[] => []);
  // One for each: what the first round finds out about a kernel, cutting it with care, is known in those that count.
  const paces = programs.map((): Pace => ({ flopsPerSecond }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, program] of programs.entries()) {
      between();
      const started = performance.now();
      await program.run({}, paces[i]!);
      if (round > 0) times[i]!.push(performance.now() - started);
    }
  }
  return times;
}
