/** One 4-bit operator of onnxruntime-web on our device: its inputs and output are our buffers, so no data moves in a run. */
import type { Tensor } from "../workers/gpu/buffers.ts";
import type { Ready } from "./measure.ts";
import { encodeOnnx } from "./onnx.ts";
import type { Bench } from "./own.ts";
import { loadOrt } from "./peers.ts";

/** A contributed operator (onnxruntime: docs/ContribOperators.md) and the shapes of what it reads and writes. */
export interface FourBitOperator {
  op: "MatMulBnb4" | "MatMulNBits";
  attributes: Record<string, number>;
  /** [rows, in], f32 */
  x: number[];
  /** u8 */
  codes: number[];
  /** f32 */
  scales: number[];
  /** [rows, out], f32 */
  y: number[];
}

export interface OrtTensors {
  x: Tensor;
  codes: Tensor;
  scales: Tensor;
  y: Tensor;
}

export async function ortProduct(
  bench: Bench,
  operator: FourBitOperator,
  tensors: OrtTensors,
): Promise<Omit<Ready, "error">> {
  const ort = await loadOrt();
  const { device } = bench.gpu;
  const { op, attributes, x, codes, scales, y } = operator;
  const graph = encodeOnnx({
    name: "product",
    nodes: [{ op, domain: "com.microsoft", inputs: ["x", "codes", "scales"], outputs: ["y"], attributes }],
    initializers: [],
    inputs: [
      { name: "x", dims: x },
      { name: "codes", dims: codes, dataType: "uint8" },
      { name: "scales", dims: scales },
    ],
    outputs: [{ name: "y", dims: y }],
  });
  const session = await ort.InferenceSession.create(graph, { executionProviders: [{ name: "webgpu", device }] });
  const wrap = (name: keyof OrtTensors, dataType: "float32" | "uint8") =>
    ort.Tensor.fromGpuBuffer(tensors[name].buffer, { dataType, dims: operator[name] });
  const feeds = { x: wrap("x", "float32"), codes: wrap("codes", "uint8"), scales: wrap("scales", "float32") };
  const fetches = { y: wrap("y", "float32") };
  return {
    async run(times) {
      for (let n = 0; n < times; n++) await session.run(feeds, fetches);
      await device.queue.onSubmittedWorkDone();
    },
    dispose: () => session.release(),
  };
}

/** y = x Wᵀ from the very bytes that our NF4 kernels read. */
export const bnb4 = (rows: number, inSize: number, outSize: number, blockSize: number): FourBitOperator => ({
  op: "MatMulBnb4",
  attributes: { K: inSize, N: outSize, block_size: blockSize, quant_type: 1 /* NF4 */ },
  x: [rows, inSize],
  codes: [(inSize * outSize) / 2],
  scales: [(inSize * outSize) / blockSize],
  y: [rows, outSize],
});

/** y = x Wᵀ with W = (code - 8) * scale, the first of two codes in the low half of its byte. */
export const nBits = (rows: number, inSize: number, outSize: number, blockSize: number): FourBitOperator => ({
  op: "MatMulNBits",
  attributes: { K: inSize, N: outSize, bits: 4, block_size: blockSize },
  x: [rows, inSize],
  codes: [outSize, inSize / blockSize, blockSize / 2],
  scales: [(inSize * outSize) / blockSize],
  y: [rows, outSize],
});
