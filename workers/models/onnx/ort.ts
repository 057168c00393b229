/**
 * The frozen tower on onnxruntime-web, on our own GPU device: pixels and features stay in our buffers.
 * The entries `onnxruntime-web/webgpu` and `/jspi` honour a shared device; the default entry returns zeros.
 */
import { readBack, type Tensor } from "../../gpu/buffers.ts";
import { sha256 } from "../../storage/sha256.ts";
import { f16ToF32 } from "../../weights/formats/dtype.ts";
import { towerRowsPerTile, type VlmConfig } from "../config.ts";
import type { Tower } from "../encoder.ts";
import { resolveName } from "../names.ts";
import { matrixParameters, sumOf } from "../parts/linears.ts";
import { towerLinears } from "../parts/tower.ts";
import type { Vlm } from "../vlm.ts";
import { type FourBitMatrix, type ReadTensor, towerGraph } from "./tower-graph.ts";

/** Where WebAssembly can wait by itself, the program is 17 MB; else 27 MB, and compiling takes as much more memory. */
const openOrt = () => ("Suspending" in WebAssembly ? import("onnxruntime-web/jspi") : import("onnxruntime-web/webgpu"));

/** The wasm lies beside the script: Vite serves it from our own origin, so it works with the network cut off. */
export async function ortTower(model: Vlm, read: ReadTensor): Promise<Tower> {
  const ort = await openOrt();
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const graph = await towerGraph(model.config.tower, read, (neutral, elements) => fourBitOf(model, neutral, elements));
  const device = model.gpu.device;
  const session = await ort.InferenceSession.create(graph, { executionProviders: [{ name: "webgpu", device }] });
  const wrap = (tensor: Tensor, dims: number[]) =>
    ort.Tensor.fromGpuBuffer(tensor.buffer, { dataType: "float32", dims });
  const { config } = model;
  // A session takes one call at a time, and it may have several users.
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: "onnxruntime",
    // Its kernels may depend on the shapes that they are given. With a tile a call a tile's features do not depend on its neighbours.
    atOnce: 1,
    identity: `onnxruntime-web ${ort.env.versions.web} ${await sha256(graph)}`,
    async run(buffers, tiles) {
      const size = config.tower.imageSize;
      const features = [tiles, towerRowsPerTile(config.tower), config.tower.hiddenSize];
      const call = (): Promise<unknown> =>
        session.run(
          { pixels: wrap(buffers.tower.pixels, [tiles, 3, size, size]) },
          { features: wrap(buffers.tower.features, features) },
        );
      const mine = last.then(call);
      last = mine.catch(() => undefined); // told to whoever called
      await mine;
      model.gpu.alive();
    },
    dispose: () => session.release(),
  };
}

/** The very codes and block maxima that our kernels read, back from the GPU. */
export async function fourBitOf(
  { gpu, layout, config }: Pick<Vlm, "gpu" | "layout" | "config">,
  neutral: string,
  elements: number,
): Promise<FourBitMatrix | undefined> {
  const name = resolveName(neutral, config.names, (n) => layout.fills.has(n));
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
 * True when the tower is small: onnxruntime keeps its own copy of the weights, as f32, beside ours. For a tower of 24 layers of 1024 that
 * would be 1.2 GB of GPU memory that the plan knows nothing of.
 */
export const fitsOrt = ({ tower }: Pick<VlmConfig, "tower">): boolean =>
  4 * tower.layersUsed * sumOf(towerLinears(tower), matrixParameters) < 64e6;
