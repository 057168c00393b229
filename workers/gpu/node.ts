/**
 * WebGPU in Node, by Dawn (npm package `webgpu`). `scripts/gpu-env.mjs` has set the Vulkan driver before this process began:
 * the loader reads its environment only at start.
 */
export async function nodeGpu(): Promise<GPU> {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  return create([]);
}
