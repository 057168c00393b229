import { TabTuneError } from "../errors.ts";
import type { Gpu } from "./device.ts";

/**
 * Runs `allocate` and asks whether the GPU had room: running out raises no exception by itself, it would surface as zeros. What is made
 * of a buffer that is not there is refused in turn; those refusals say nothing new and must not count against the GPU.
 * Throws TabTuneError "out-of-memory" or "gpu-error", or what `allocate` throws; the scopes are closed either way.
 */
export async function trialAllocation<T>(gpu: Gpu, allocate: () => T | Promise<T>): Promise<T> {
  // Error scopes are one stack a device: a chat that opens while a model loads would take the other's errors for its own.
  const before = trials.get(gpu);
  const trial = Promise.resolve(before).then(() => tried(gpu, allocate));
  const ended = (): void => undefined;
  trials.set(gpu, trial.then(ended, ended));
  return trial;
}

/** The last trial of each device. */
const trials = new WeakMap<Gpu, Promise<void>>();

async function tried<T>(gpu: Gpu, allocate: () => T | Promise<T>): Promise<T> {
  gpu.device.pushErrorScope("validation");
  gpu.device.pushErrorScope("out-of-memory");
  let made: T;
  let failed: GPUError | null = null;
  let refused: GPUError | null = null;
  try {
    made = await allocate();
  } finally {
    failed = await gpu.device.popErrorScope();
    refused = await gpu.device.popErrorScope();
  }
  if (failed) {
    throw new TabTuneError(
      "out-of-memory",
      `The GPU has no room for this: ${failed.message}`,
      "Choose a smaller LoRA rank, batch size or model, or close other programs that use the GPU.",
      "Nothing was started; saved runs are untouched.",
    );
  }
  if (refused) {
    throw new TabTuneError(
      "gpu-error",
      `The GPU refused an operation: ${refused.message}`,
      "Reload the page; please report this text.",
      "Nothing was started; saved runs are untouched.",
    );
  }
  return made;
}
