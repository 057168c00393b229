/**
 * A model of the single operator com.microsoft.MatMulBnb4, which workers/vision/onnx.ts cannot say: it knows neither operator
 * domains nor bytes as inputs. Protobuf merges messages that are written twice, so what it lacks is appended to what it writes.
 * Fields: onnx/onnx.proto3; operator: onnxruntime docs/ContribOperators.md.
 */
import { encodeOnnx } from "../workers/vision/onnx.ts";

const DOMAIN = "com.microsoft";
const [FLOAT_INPUTS, UINT8, ATTRIBUTE_INT, NF4] = [["x", "absmax"], 2, 2, 1] as const;

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
const int = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, value: number[]): number[] => [...varint((field << 3) | 2), ...varint(value.length), ...value];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);

/** Inputs x f32 [rows, in], codes u8 [in * out / 2], absmax f32 [in * out / blockSize]; output y f32 [rows, out]. */
export function matMulBnb4(rows: number, inSize: number, outSize: number, blockSize: number): Uint8Array {
  const weights = inSize * outSize;
  const floats = encodeOnnx({
    name: "bnb4",
    nodes: [],
    initializers: [],
    inputs: [
      { name: FLOAT_INPUTS[0], dims: [rows, inSize] },
      { name: FLOAT_INPUTS[1], dims: [weights / blockSize] },
    ],
    outputs: [{ name: "y", dims: [rows, outSize] }],
  });
  const attributes = { K: inSize, N: outSize, block_size: blockSize, quant_type: NF4 };
  const node = [
    ...["x", "codes", "absmax"].flatMap((name) => text(1, name)),
    ...text(2, "y"),
    ...text(3, "y"),
    ...text(4, "MatMulBnb4"),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      bytes(5, [...text(1, name), ...int(3, value), ...int(20, ATTRIBUTE_INT)]),
    ),
    ...text(7, DOMAIN),
  ];
  const shape = bytes(1, int(1, weights / 2));
  const codes = [...text(1, "codes"), ...bytes(2, bytes(1, [...int(1, UINT8), ...bytes(2, shape)]))];
  const graph = bytes(7, [...bytes(1, node), ...bytes(11, codes)]);
  const opset = bytes(8, [...text(1, DOMAIN), ...int(2, 1)]);
  return Uint8Array.from([...floats, ...graph, ...opset]);
}
