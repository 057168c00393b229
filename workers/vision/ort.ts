/**
 * The frozen tower on onnxruntime-web, on our own GPU device: pixels and features stay in our buffers.
 * The entry `onnxruntime-web/webgpu` is the one that honours a shared device; the default entry returns zeros.
 */
import type { Tensor } from "../gpu/buffers.ts";
import { featuresPerTile, type LlavaConfig } from "../model/config.ts";
import type { Llava } from "../model/llava.ts";
import { clipGraph, type ReadTensor } from "./clip-graph.ts";
import type { Tower } from "./encoder.ts";

/** The wasm lies beside the script: Vite serves it from our own origin, so it works with the network cut off. */
export async function ortTower(model: Llava, read: ReadTensor): Promise<Tower> {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const graph = await clipGraph(model.config, read);
  const device = model.gpu.device;
  const session = await ort.InferenceSession.create(graph, { executionProviders: [{ name: "webgpu", device }] });
  const wrap = (tensor: Tensor, dims: number[]) =>
    ort.Tensor.fromGpuBuffer(tensor.buffer, { dataType: "float32", dims });
  const { config } = model;
  return {
    name: "onnxruntime",
    async run(buffers, tiles) {
      const size = config.vision.imageSize;
      const features = [tiles, featuresPerTile(config), config.vision.hiddenSize];
      await session.run(
        { pixels: wrap(buffers.pixels, [tiles, 3, size, size]) },
        { features: wrap(buffers.features, features) },
      );
      model.gpu.alive();
    },
    dispose: () => session.release(),
  };
}

/** True when the tower's weights are small enough to travel through onnxruntime's 32-bit heap as f32. */
export const fitsOrt = (config: LlavaConfig): boolean => {
  const { hiddenSize: c, intermediateSize: f } = config.vision;
  return config.visionLayersUsed * (4 * c * c + 2 * c * f) * 4 < 1.5e9;
};
