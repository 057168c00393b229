/** What this adapter can do at best, by the kernels of `measure`: ours are held against that. */
import { fmaFlops, fmaWords, peakCopy, peakFma } from "../workers/measure/peak.ts";
import type { Sizes } from "../workers/measure/sizes.ts";
import type { Rules } from "./measure.ts";
import { type Bench, buildOwn, newArena, replay } from "./own.ts";
import type { PeerResults } from "./results.ts";

export type PeakCase = Sizes["peak"];

/** Fastest of `rounds`. */
export async function measurePeak(
  bench: Bench,
  c: PeakCase,
  { rounds, targetMs, clock }: Pick<Rules, "rounds" | "targetMs" | "clock">,
): Promise<PeerResults["peak"]> {
  const arena = newArena(bench);
  try {
    const y = arena.tensor("y", fmaWords(c));
    const fma = await buildOwn(bench, arena, (r) => peakFma(r, y, c));
    const [from, to] = [arena.tensor("from", c.copyBytes / 4), arena.tensor("to", c.copyBytes / 4)];
    const copy = await buildOwn(bench, arena, (r) => peakCopy(r, to, from));
    const fastest = async (run: (times: number) => Promise<unknown>): Promise<number> => {
      const timed = async (times: number): Promise<number> => {
        const started = await clock.now();
        await run(times);
        return (await clock.now()) - started;
      };
      await run(1);
      const repeats = Math.max(1, Math.ceil(targetMs / Math.max(await timed(1), 0.1)));
      let best = Number.POSITIVE_INFINITY;
      for (let n = 0; n < rounds; n++) best = Math.min(best, (await timed(repeats)) / repeats);
      return best / 1000;
    };
    const fmaSeconds = await fastest(replay(bench, fma));
    const copySeconds = await fastest(replay(bench, copy));
    return { flopsPerSecond: fmaFlops(c) / fmaSeconds, bytesPerSecond: (2 * c.copyBytes) / copySeconds };
  } finally {
    arena.dispose();
  }
}
