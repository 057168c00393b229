/**
 * WebGPU in Node, by Dawn (npm package `webgpu`). `scripts/gpu-env.mjs` has set the Vulkan driver before this process began:
 * the loader reads its environment only at start.
 */
let instance: GPU | undefined;
const immediate = globalThis.setImmediate;

/**
 * Dawn asks for its events in a loop of setImmediate as long as anything is awaited, which takes a whole core; a software GPU needs that
 * core. Once a millisecond is enough. Dawn looks the function up at each turn.
 */
function calmEvents(): void {
  globalThis.setImmediate = ((call: (...args: unknown[]) => void, ...args: unknown[]) =>
    setTimeout(call, 1, ...args)) as unknown as typeof setImmediate;
}

/** Dawn's events at every turn again: a graphics card leaves the core free, and a millisecond is longer than most of its kernels. */
export function eagerEvents(): void {
  globalThis.setImmediate = immediate;
}

/**
 * TABTUNE_DAWN has further words for Dawn, such as "enable-dawn-features=vulkan_enable_f16_on_nvidia", which offers shader-f16 where Dawn
 * holds it back.
 */
export async function nodeGpu(): Promise<GPU> {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  if (!instance) calmEvents();
  // Kept for the life of the process: when the instance is garbage-collected, Dawn tears down under the devices it gave out, and
  // the process crashes or waits for ever.
  // What Dawn hides of the GPU's clock is for pages of strangers: steps of 65 microseconds are longer than most kernels.
  const asked = process.env.TABTUNE_DAWN?.split(" ") ?? [];
  instance ??= create(["disable-dawn-features=timestamp_quantization", ...asked]);
  return instance;
}
