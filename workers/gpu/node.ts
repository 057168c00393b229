/**
 * WebGPU in Node, by Dawn (npm package `webgpu`). `scripts/gpu-env.mjs` has set the Vulkan driver before this process began:
 * the loader reads its environment only at start.
 */
let instance: GPU | undefined;

export async function nodeGpu(): Promise<GPU> {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  // Kept for the life of the process: when the instance is garbage-collected, Dawn tears down under the devices it gave out, and
  // the process crashes or waits for ever.
  instance ??= create([]);
  return instance;
}
