/**
 * The frozen tower on onnxruntime-web, on our own GPU device: pixels and features stay in our buffers.
 * The entry `onnxruntime-web/webgpu` is the one that honours a shared device; the default entry returns zeros.
 */
import { readBack, type Tensor } from "../../gpu/buffers.ts";
import { f16ToF32 } from "../../weights/formats/dtype.ts";
import { featuresPerTile, type LlavaConfig } from "../config.ts";
import type { Tower } from "../encoder.ts";
import type { Llava } from "../llava.ts";
import { resolveName } from "../names.ts";
import { clipGraph, type FourBitMatrix, type ReadTensor } from "./clip-graph.ts";

/** The wasm lies beside the script: Vite serves it from our own origin, so it works with the network cut off. */
export async function ortTower(model: Llava, read: ReadTensor): Promise<Tower> {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const graph = await clipGraph(model.config, read, (neutral, elements) => fourBitOf(model, neutral, elements));
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

/** The very codes and block maxima that our kernels read, back from the GPU. */
export async function fourBitOf(
  { gpu, layout }: Pick<Llava, "gpu" | "layout">,
  neutral: string,
  elements: number,
): Promise<FourBitMatrix | undefined> {
  const name = resolveName(neutral, (n) => layout.fills.has(n));
  const fill = name === undefined ? undefined : layout.fills.get(name);
  if (fill?.kind !== "4bit") return undefined;
  const { type, blockSize } = fill;
  const blocks = Math.ceil(elements / blockSize);
  const isHalf = fill.absmaxFormat === "f16";
  // Parts of a fused matrix begin anywhere; only bindings need alignment, copies do not.
  const part = ({ buffer, offset }: Tensor, at: number, length: number): Tensor => ({
    buffer,
    offset: offset + 4 * at,
    length,
  });
  const [codes, absmax] = await readBack(gpu, [
    part(fill.codes, fill.codesAt, elements / 8),
    part(fill.absmax, fill.absmaxAt, Math.ceil(blocks / (isHalf ? 2 : 1))),
  ]);
  return {
    type,
    blockSize,
    codes: new Uint8Array(codes!.buffer),
    absmax: isHalf ? f16ToF32(new Uint16Array(absmax!.buffer, 0, blocks)) : absmax!,
  };
}

/**
 * True when the tower is small: onnxruntime keeps its own copy of the weights, as f32, beside ours. For CLIP ViT-L that would be 1.2 GB
 * of GPU memory that the plan knows nothing of.
 */
export const fitsOrt = (config: LlavaConfig): boolean => {
  const { hiddenSize: c, intermediateSize: f } = config.vision;
  return config.visionLayersUsed * (4 * c * c + 2 * c * f) * 4 < 64e6;
};
