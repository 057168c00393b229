/**
 * Just enough of the ONNX file format to hand a graph to onnxruntime: protobuf wire encoding of ModelProto and its parts.
 * Field numbers: onnx/onnx.proto3 (IR version 8).
 */
export type OnnxAttribute = number | number[] | { float: number };

export interface OnnxNode {
  op: string;
  /** Absent: the standard's own operators. */
  domain?: "com.microsoft";
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, OnnxAttribute>;
}

export interface OnnxTensor {
  name: string;
  dims: number[];
  data: Float32Array | BigInt64Array | Uint8Array;
}

export interface OnnxValue {
  name: string;
  /** A string is a free dimension. */
  dims: (number | string)[];
  /** Default float32. */
  dataType?: "float32" | "uint8";
}

export interface OnnxGraph {
  name: string;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;
const encoder = new TextEncoder();

/** Parts of a message; lengths are known before anything is copied, so weights are copied once. */
class Message {
  readonly parts: Uint8Array[] = [];
  length = 0;

  #push(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
  }

  #varint(value: number): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 0x80 : low);
    } while (rest > 0n);
    this.#push(Uint8Array.from(bytes));
  }

  int(field: number, value: number): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: Message): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    for (const part of value.parts) this.#push(part);
    return this;
  }

  join(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

function attribute(name: string, value: OnnxAttribute): Message {
  const m = new Message().text(1, name);
  if (typeof value === "number") return m.int(3, value).int(20, 2);
  if (Array.isArray(value)) {
    for (const v of value) m.int(8, v);
    return m.int(20, 7);
  }
  return m.float(2, value.float).int(20, 1);
}

function node(n: OnnxNode): Message {
  const m = new Message();
  for (const input of n.inputs) m.text(1, input);
  for (const output of n.outputs) m.text(2, output);
  m.text(3, n.outputs[0]!).text(4, n.op);
  for (const [name, value] of Object.entries(n.attributes ?? {})) m.message(5, attribute(name, value));
  return n.domain ? m.text(7, n.domain) : m;
}

function tensor(t: OnnxTensor): Message {
  const m = new Message();
  for (const dim of t.dims) m.int(1, dim);
  m.int(2, t.data instanceof Float32Array ? FLOAT : t.data instanceof Uint8Array ? UINT8 : INT64).text(8, t.name);
  return m.bytes(9, new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength));
}

function value(v: OnnxValue): Message {
  const shape = new Message();
  for (const dim of v.dims) {
    shape.message(1, typeof dim === "number" ? new Message().int(1, dim) : new Message().text(2, dim));
  }
  const type = new Message().message(1, new Message().int(1, v.dataType === "uint8" ? UINT8 : FLOAT).message(2, shape));
  return new Message().text(1, v.name).message(2, type);
}

/** A ModelProto (opset 17, and version 1 of onnxruntime's own operators) as bytes. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  const g = new Message();
  for (const n of graph.nodes) g.message(1, node(n));
  g.text(2, graph.name);
  for (const t of graph.initializers) g.message(5, tensor(t));
  for (const v of graph.inputs) g.message(11, value(v));
  for (const v of graph.outputs) g.message(12, value(v));
  const opset = new Message().text(1, "").int(2, 17);
  const contrib = new Message().text(1, "com.microsoft").int(2, 1);
  return new Message().int(1, 8).text(2, "tabtune").message(7, g).message(8, opset).message(8, contrib).join();
}
