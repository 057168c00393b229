import { TabTuneError } from "../errors.ts";
import type { Gpu } from "./device.ts";

/**
 * Runs `allocate` and asks whether the GPU had room: running out raises no exception by itself, it would surface as zeros.
 * Throws TabTuneError "out-of-memory", or what `allocate` throws; the scope is closed either way.
 */
export async function trialAllocation<T>(gpu: Gpu, allocate: () => T | Promise<T>): Promise<T> {
  gpu.device.pushErrorScope("out-of-memory");
  let made: T;
  let failed: GPUError | null = null;
  try {
    made = await allocate();
  } finally {
    failed = await gpu.device.popErrorScope();
  }
  if (failed) {
    throw new TabTuneError(
      "out-of-memory",
      `The GPU has no room for this: ${failed.message}`,
      "Choose a smaller LoRA rank, batch size or model, or close other programs that use the GPU.",
      "Nothing was started; saved runs are untouched.",
    );
  }
  return made;
}
