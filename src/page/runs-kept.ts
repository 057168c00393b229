/**
 * How many runs this browser kept when the page was open last. A browser that gets short of disk space, or finds its own database broken,
 * clears what pages keep and says nothing: the page would begin as if nobody had ever trained. What small storage remembers tells it.
 */
import * as v from "valibot";
import { store, stored } from "./stored.ts";

const KEY = "tabtune-runs-kept";
const Kept = v.object({
  runs: v.number(),
  /** ISO date of the day. */
  day: v.string(),
});
export type RunsKept = v.InferOutput<typeof Kept>;

let looked = false;

/**
 * Notes that there are `runs` now. The first time in a visit it resolves to what there was before, if all of that is gone: nobody has had
 * the time to delete it. Other tabs note what they delete.
 */
export function noteRuns(runs: number, today = new Date()): RunsKept | undefined {
  const before = looked ? undefined : stored(KEY, Kept);
  looked = true;
  store(KEY, { runs, day: today.toISOString().slice(0, 10) } satisfies RunsKept);
  return runs === 0 && before && before.runs > 0 ? before : undefined;
}
