/** Times of recorded work as training sends it: several of it behind each other, so that the way to the GPU and back does not count. */
import { Arena, newCounters } from "../gpu/buffers.ts";
import { type Program, Recorder } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import { timeRounds } from "../self-test/rounds.ts";
import type { Context } from "./parts.ts";
import { dividedBy, type Measurement, type Spread, spreadOf } from "./report.ts";

/** More repeats tell nothing new. */
const MOST_REPEATS = 64;

export interface Timed {
  /** Of one run. */
  time: Spread;
  flops: number;
  dispatches: number;
}

/** Times what `record` records with each of the variants, which take turns. */
export async function timed(
  c: Context,
  arena: Arena,
  variants: Variants[],
  record: (r: Recorder<never>) => void,
): Promise<Timed[]> {
  const { rounds, targetMs } = c.sizes;
  const build = (v: Variants, repeats: number): Promise<Program<never>> => {
    const r = new Recorder<never>(v);
    for (let n = 0; n < repeats; n++) record(r);
    return r.build(arena, c.pipelines);
  };
  const rate = c.gpu.facts.software ? 2e9 : 2e11;
  const single = await Promise.all(variants.map((v) => build(v, 1)));
  c.check();
  const first = (await timeRounds(single, 1, rate, c.check)).map(([ms]) => ms!);
  const repeats = first.map((ms) => Math.max(1, Math.min(MOST_REPEATS, Math.ceil(targetMs / ms))));
  const programs = await Promise.all(variants.map((v, i) => (repeats[i]! > 1 ? build(v, repeats[i]!) : single[i]!)));
  const times = await timeRounds(programs, rounds, rate, c.check);
  return times.map((all, i) => ({
    time: dividedBy(spreadOf(all), repeats[i]!),
    flops: single[i]!.flops({}),
    dispatches: single[i]!.dispatches,
  }));
}

/** Runs `work` with an arena of its own. */
export async function withArena<T>(c: Context, work: (arena: Arena) => Promise<T>): Promise<T> {
  const arena = new Arena(c.gpu, newCounters());
  try {
    return await work(arena);
  } finally {
    arena.dispose();
  }
}

/** Of the measured f32 peak, or null. */
export const flopShare = ({ peak }: Measurement, flops: number, ms: number): number | null =>
  peak.f32 && flops / (ms / 1000) / peak.f32.perSecond;

/** Of the measured copy, or null. */
export const byteShare = ({ peak }: Measurement, bytes: number, ms: number): number | null =>
  peak.copy && bytes / (ms / 1000) / peak.copy.perSecond;
