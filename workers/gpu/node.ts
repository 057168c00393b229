/**
 * WebGPU in Node, by Dawn (npm package `webgpu`). `scripts/gpu-env.mjs` has set the Vulkan driver before this process began:
 * the loader reads its environment only at start.
 */
import { TabTuneError } from "../errors.ts";
import { type Gpu, openGpu } from "./device.ts";

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
  const { create, globals } = await import("webgpu").catch((cause) => {
    throw new TabTuneError(
      "no-webgpu",
      `WebGPU for Node, the npm package webgpu, cannot be loaded: ${cause.message}`,
      "Install it beside tabtune: npm install webgpu. There are builds for Linux and Windows (x64, arm64) and macOS.",
      "",
      { cause },
    );
  });
  Object.assign(globalThis, globals);
  if (!instance) calmEvents();
  // Kept for the life of the process: when the instance is garbage-collected, Dawn tears down under the devices it gave out, and
  // the process crashes or waits for ever.
  // What Dawn hides of the GPU's clock is for pages of strangers: steps of 65 microseconds are longer than most kernels.
  const asked = process.env.TABTUNE_DAWN?.split(" ") ?? [];
  instance ??= create(["disable-dawn-features=timestamp_quantization", ...asked]);
  return instance;
}

/** A device of Dawn's. Throws as `openGpu` does; where there is no adapter it says what a command line can do about it. */
export async function openNodeGpu(also?: GPUFeatureName[]): Promise<Gpu> {
  const api = await nodeGpu();
  try {
    return await openGpu(api, also);
  } catch (error) {
    if (!(error instanceof TabTuneError) || error.code !== "no-webgpu") throw error;
    throw new TabTuneError(
      "no-webgpu",
      "No graphics driver that WebGPU can use was found.",
      "Install a Vulkan driver (mesa-vulkan-drivers has one that needs no GPU), or name a driver's file in TABTUNE_VK_ICD. The npm package @sparticuz/chromium beside tabtune has a software GPU for Linux x64.",
      "",
      { cause: error },
    );
  }
}
