/**
 * GGUF version 3, as ggml's docs/gguf.md describes it: a header of fields, then what tensors there are and where, then their bytes.
 * A file is written in one pass over the tensors, because the header needs their sizes only.
 */
import { elementsOf, f32ToF16 } from "./dtype.ts";
import { blockBytesQ8, blockQ8, quantiseQ8 } from "./q8-0.ts";

/** A field's value with its type; a list of whole numbers is written as i32. */
export type GgufValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { f32s: readonly number[] }
  | { i32s: readonly number[] }
  | { bools: readonly boolean[] }
  | { texts: readonly string[] };

export type GgufFields = Record<string, GgufValue>;

/** How a tensor's numbers are stored, by ggml's names. */
export type GgufType = "F32" | "F16" | "Q8_0";

export interface GgufTensor {
  name: string;
  /** As everywhere here, outermost first. */
  shape: readonly number[];
  type: GgufType;
}

/** ggml's numbers. */
const tensorTypes: Record<GgufType, number> = { F32: 0, F16: 1, Q8_0: 8 };
const [U32, I32, F32, BOOL, TEXT, LIST] = [4, 5, 6, 7, 8, 9];
const alignment = 32;

/** Bytes from one tensor's start to the next one's, or of the header to the first. */
export const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Bytes of a tensor, without padding. Rows of Q8_0 are whole blocks (`fitsQ8`). */
export function ggufBytes({ shape, type }: GgufTensor): number {
  const elements = elementsOf(shape);
  return type === "Q8_0" ? (elements / blockQ8) * blockBytesQ8 : elements * (type === "F32" ? 4 : 2);
}

/** Whether rows of this shape can be cut into blocks of Q8_0. */
export const fitsQ8 = (shape: readonly number[]): boolean => shape.at(-1)! % blockQ8 === 0;

/** Numbers in a tensor's type. Values that F16 cannot hold become infinite; whoever calls looks for them first (`beyondF16`). */
export function ggufData(values: Float32Array, type: GgufType): Uint8Array {
  if (type === "Q8_0") return quantiseQ8(values);
  const data = type === "F32" ? values : f32ToF16(values);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Everything before the first tensor's bytes, padding included. The tensors follow in this order, each padded (`padded`). */
export function ggufHeader(fields: GgufFields, tensors: readonly GgufTensor[]): Uint8Array {
  const head = new Bytes();
  head.ascii("GGUF");
  head.u32(3);
  head.u64(tensors.length);
  head.u64(Object.keys(fields).length);
  for (const [key, value] of Object.entries(fields)) {
    head.string(key);
    head.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    head.string(tensor.name);
    head.u32(tensor.shape.length);
    // ggml counts dimensions from the innermost.
    for (const size of [...tensor.shape].reverse()) head.u64(size);
    head.u32(tensorTypes[tensor.type]);
    head.u64(offset);
    offset += padded(ggufBytes(tensor));
  }
  return head.whole();
}

/** Little-endian bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
  ascii(text: string): void {
    for (const character of text) this.u8(character.charCodeAt(0));
  }
  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }
  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }
  i32(value: number): void {
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
  }
  u64(value: number): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }
  f32(value: number): void {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
  }
  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }
  value(value: GgufValue): void {
    const list = <T>(type: number, items: readonly T[], write: (item: T) => void): void => {
      this.u32(LIST);
      this.u32(type);
      this.u64(items.length);
      items.forEach(write);
    };
    if ("texts" in value) list(TEXT, value.texts, (item) => this.string(item));
    else if ("f32s" in value) list(F32, value.f32s, (item) => this.f32(item));
    else if ("i32s" in value) list(I32, value.i32s, (item) => this.i32(item));
    else if ("bools" in value) list(BOOL, value.bools, (item) => this.u8(item ? 1 : 0));
    else if ("text" in value) {
      this.u32(TEXT);
      this.string(value.text);
    } else if ("bool" in value) {
      this.u32(BOOL);
      this.u8(value.bool ? 1 : 0);
    } else if ("f32" in value) {
      this.u32(F32);
      this.f32(value.f32);
    } else {
      this.u32(U32);
      this.u32(value.u32);
    }
  }
  whole(): Uint8Array {
    this.#room(padded(this.#length) - this.#length);
    return this.#bytes.subarray(0, this.#length);
  }
}
