/**
 * A model of one of onnxruntime's own 4-bit operators, which workers/vision/onnx.ts cannot say: it knows neither operator domains
 * nor bytes as inputs. Protobuf merges messages that are written twice, so what it lacks is appended to what it writes.
 * Fields: onnx/onnx.proto3; operators: onnxruntime docs/ContribOperators.md.
 */
import { encodeOnnx } from "../workers/vision/onnx.ts";

const DOMAIN = "com.microsoft";
const UINT8 = 2;
const ATTRIBUTE_INT = 2;

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
const int = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, value: number[]): number[] => [
  ...varint((field << 3) | 2),
  ...varint(value.length),
  ...value,
];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);

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

/** Inputs x, codes, scales; output y. */
export function fourBitModel({ op, attributes, x, codes, scales, y }: FourBitOperator): Uint8Array {
  const floats = encodeOnnx({
    name: "product",
    nodes: [],
    initializers: [],
    inputs: [
      { name: "x", dims: x },
      { name: "scales", dims: scales },
    ],
    outputs: [{ name: "y", dims: y }],
  });
  const node = [
    ...["x", "codes", "scales"].flatMap((name) => text(1, name)),
    ...text(2, "y"),
    ...text(3, "y"),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      bytes(5, [...text(1, name), ...int(3, value), ...int(20, ATTRIBUTE_INT)]),
    ),
    ...text(7, DOMAIN),
  ];
  const shape = codes.flatMap((dim) => bytes(1, int(1, dim)));
  const input = [...text(1, "codes"), ...bytes(2, bytes(1, [...int(1, UINT8), ...bytes(2, shape)]))];
  const graph = bytes(7, [...bytes(1, node), ...bytes(11, input)]);
  const opset = bytes(8, [...text(1, DOMAIN), ...int(2, 1)]);
  return Uint8Array.from([...floats, ...graph, ...opset]);
}
