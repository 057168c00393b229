/**
 * A training run from start to end, for the page and the command line alike. What is saved is enough to go on bit for bit: slabs
 * (weights and moments), step, and the sampler's position.
 */
import { train } from "./loop.ts";
import { type OpenRun, openRun, type RunOptions } from "./open-run.ts";

/** Runs to the end, a stop, or an error. Returns how it ended. */
export async function runTraining(options: RunOptions): Promise<"done" | "stopped"> {
  const run = await openRun(options);
  try {
    await run.restoreOrBegin();
    return await trained(run, options).catch(async (error: unknown) => {
      throw await run.rescued(error);
    });
  } finally {
    await run.dispose();
  }
}

/** Of a run whose adapter and record are whole: only that can be rescued. */
async function trained(run: OpenRun, { control }: RunOptions): Promise<"done" | "stopped"> {
  const ended = await train(run.state, run.hooks, control);
  await run.close();
  return ended;
}
