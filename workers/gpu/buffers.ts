/**
 * GPU memory as named, counted buffers. A `Tensor` is a view: a buffer, an offset, a length. Everything is made before the
 * first step; a steady step makes none (counters show it).
 */
import { TabTuneError } from "../errors.ts";
import type { Gpu } from "./device.ts";

/** A view of GPU memory. `offset` is a multiple of 256 (the binding alignment); `length` counts 32-bit words. */
export interface Tensor {
  buffer: GPUBuffer;
  offset: number;
  length: number;
}

/** Where tensors come from: the GPU (`Arena`) or a dry run that only adds up sizes (`Planner`), so that the plan is the allocation. */
export interface Allocator {
  /** `use` "to read": what the GPU copies there is mapped and read; nothing else can be done with it. */
  tensor(label: string, length: number, use?: TensorUse): Tensor;
}

type TensorUse = "storage" | "to read";

/** Bytes that `tensor` takes for a length in words. */
export const tensorBytes = (length: number): number => Math.max(16, Math.ceil(length / 4) * 16);

/** Where tensors come from that have values from the start: the same two. */
export type Uploads = Pick<Arena, "tensor" | "upload">;

/** Adds up what an `Arena` would allocate. Labels are "group/name"; bytes are summed by group, in first-use order. */
export class Planner implements Allocator {
  readonly groups = new Map<string, number>();
  /** The one that asks most of the adapter's binding limit. */
  largest = { label: "", bytes: 0 };

  tensor(label: string, length: number): Tensor {
    const group = label.split("/")[0]!;
    const bytes = tensorBytes(length);
    this.groups.set(group, (this.groups.get(group) ?? 0) + bytes);
    if (bytes > this.largest.bytes) this.largest = { label, bytes };
    return { buffer: undefined as unknown as GPUBuffer, offset: 0, length };
  }

  /** As `Arena.upload`. */
  upload(label: string, data: ArrayBufferView): Tensor {
    return this.tensor(label, Math.ceil(data.byteLength / 4));
  }

  get totalBytes(): number {
    return [...this.groups.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** Counts what the engine asks of WebGPU, so that "a steady step creates nothing" is a number in a test. */
export interface Counters {
  buffersCreated: number;
  bytesAllocated: number;
  /** From the GPU to the CPU. */
  bytesRead: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  /** As sent: a dispatch in three pieces counts three. */
  dispatches: number;
  submits: number;
  bytesWritten: number;
  /** Estimates, in ms. */
  longestDispatchMs: number;
  longestSubmitMs: number;
  /** Script time: what encoding the dispatches took, in ms. */
  encodeMs: number;
}

export function newCounters(): Counters {
  return {
    buffersCreated: 0,
    bytesAllocated: 0,
    bytesRead: 0,
    bindGroupsCreated: 0,
    pipelinesCreated: 0,
    dispatches: 0,
    submits: 0,
    bytesWritten: 0,
    longestDispatchMs: 0,
    longestSubmitMs: 0,
    encodeMs: 0,
  };
}

/** Owns the buffers of one model or one test; `dispose` frees them all. */
export class Arena implements Allocator {
  readonly gpu: Gpu;
  readonly counters: Counters;
  readonly #buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu, counters: Counters) {
    this.gpu = gpu;
    this.counters = counters;
  }

  /** A zeroed tensor of `length` 32-bit words. WebGPU zero-fills new buffers. */
  tensor(label: string, length: number, use: TensorUse = "storage"): Tensor {
    const size = tensorBytes(length);
    if (size > this.gpu.facts.maxStorageBufferBindingSize) {
      throw new TabTuneError(
        "out-of-memory",
        `${label} needs one GPU buffer of ${size} bytes; this adapter binds ${this.gpu.facts.maxStorageBufferBindingSize} at most.`,
        "Choose a smaller batch size, a smaller model or another GPU.",
      );
    }
    const usage =
      use === "to read"
        ? GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
        : GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = this.gpu.device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    this.counters.buffersCreated += 1;
    this.counters.bytesAllocated += size;
    return { buffer, offset: 0, length };
  }

  /** A tensor filled with `data` (any 4-byte-aligned typed array; f16 or nibbles travel as packed words). */
  upload(label: string, data: ArrayBufferView): Tensor {
    const tensor = this.tensor(label, Math.ceil(data.byteLength / 4));
    write(this.gpu, tensor, data, this.counters);
    return tensor;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}

/** Part of a tensor: `start` (in words) must fall on a 256-byte border. */
export function view(tensor: Tensor, start: number, length: number): Tensor {
  const offset = tensor.offset + start * 4;
  if (offset % 256 !== 0) throw new Error(`view at byte ${offset} is not 256-byte aligned`);
  return { buffer: tensor.buffer, offset, length };
}

/** A binding may begin at each 256th byte. */
export const BINDING_WORDS = 64;

/**
 * Tensors of so many words in one buffer. WebGPU refuses a dispatch that writes one of them and reads or writes another.
 */
export function oneBehindTheOther(alloc: Allocator, label: string, lengths: readonly number[]): Tensor[] {
  let words = 0;
  const starts = lengths.map((length) => {
    const start = words;
    words = Math.ceil((start + length) / BINDING_WORDS) * BINDING_WORDS;
    return start;
  });
  const all = alloc.tensor(label, words);
  return lengths.map((length, n) => view(all, starts[n]!, length));
}

/** Queues `data` into the tensor. The byte length is rounded up to whole words with zeros. */
export function write(gpu: Gpu, tensor: Tensor, data: ArrayBufferView, counters?: Counters, wordOffset = 0): void {
  let bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.byteLength % 4 !== 0) {
    const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
    padded.set(bytes);
    bytes = padded;
  }
  gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset + wordOffset * 4, bytes as Uint8Array<ArrayBuffer>);
  if (counters) counters.bytesWritten += bytes.byteLength;
}

const UPLOAD_BYTES = 2 ** 24;

/** As `write`, slice by slice, and resolves when the GPU has taken all: until then what is queued lies in memory once more. */
export async function upload(
  gpu: Gpu,
  tensor: Tensor,
  data: ArrayBufferView,
  counters?: Counters,
  wordOffset = 0,
): Promise<void> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < bytes.byteLength; at += UPLOAD_BYTES) {
    write(gpu, tensor, bytes.subarray(at, at + UPLOAD_BYTES), counters, wordOffset + at / 4);
    await gpu.device.queue.onSubmittedWorkDone();
  }
}

/** Reads tensors back as f32, in order, through one staging buffer (not for the training loop: it creates a buffer). */
export async function readBack(gpu: Gpu, tensors: Tensor[]): Promise<Float32Array[]> {
  const total = tensors.reduce((sum, t) => sum + t.length * 4, 0);
  const staging = gpu.device.createBuffer({
    size: Math.max(4, total),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.device.createCommandEncoder();
  let at = 0;
  for (const t of tensors) {
    encoder.copyBufferToBuffer(t.buffer, t.offset, staging, at, t.length * 4);
    at += t.length * 4;
  }
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ).catch((cause) => {
    gpu.alive();
    throw cause;
  });
  gpu.alive();
  const all = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  const out: Float32Array[] = [];
  at = 0;
  for (const t of tensors) {
    out.push(all.slice(at, at + t.length));
    at += t.length;
  }
  return out;
}
