/**
 * Safetensors, read strictly and written as the library writes it (huggingface/safetensors, safetensors/src/tensor.rs): 8 bytes
 * header length, a JSON header, then the tensors without holes or overlap. Files come from anywhere, so nothing is allocated
 * and nothing believed before it is checked; names are Map keys, never object keys.
 */
import { TabTuneError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import { refuseLfsPointer } from "../../storage/lfs-pointer.ts";
import { type RangeReader, readerOfBytes } from "../../storage/range-reader.ts";
import { type Dtype, dtypeBytes } from "./dtype.ts";
import { duplicateKey } from "./json-keys.ts";

/** The library's own limit. */
const maxHeaderBytes = 100_000_000;

export interface TensorInfo {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Name of the file that holds it. */
  file: string;
  /** Bytes [start, end) of that file. */
  start: number;
  end: number;
}

export interface SafetensorsHeader {
  /** By name, in the order in which they lie in the file. */
  tensors: Map<string, TensorInfo>;
  metadata: Map<string, string>;
}

/** Reads and checks the header of the safetensors file `file`; throws TabTuneError "bad-safetensors", "missing-file" for a Git LFS pointer. */
export async function readHeader(reader: RangeReader, file: string): Promise<SafetensorsHeader> {
  if (reader.size < 8) throw bad(file, `it has only ${reader.size} bytes`);
  const prefix = await reader.read(0, 8);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (new TextDecoder().decode(prefix) === "version ") await refuseLfsPointer(reader, file);
  if (length > maxHeaderBytes)
    throw bad(file, `it claims a header of ${length} bytes, more than the ${maxHeaderBytes} allowed`);
  const dataStart = 8 + Number(length);
  if (dataStart > reader.size) throw bad(file, `it claims a header of ${length} bytes but ends after ${reader.size}`);
  return parseHeader(await reader.read(8, dataStart), file, dataStart, reader.size);
}

function parseHeader(bytes: Uint8Array, file: string, dataStart: number, fileSize: number): SafetensorsHeader {
  if (bytes[0] !== 0x7b) throw bad(file, "its header does not start with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw bad(file, "its header is not valid JSON", error);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw bad(file, `its header has ${quote(twice)} twice`);

  const metadata = new Map<string, string>();
  const infos: TensorInfo[] = [];
  for (const [name, entry] of Object.entries(header as object)) {
    if (name !== "__metadata__") {
      infos.push(tensorInfo(name, entry, file, dataStart));
      continue;
    }
    for (const [key, value] of isJsonObject(entry) ? Object.entries(entry) : [["", entry]]) {
      if (typeof value !== "string") throw bad(file, "its __metadata__ is not a map of strings");
      metadata.set(key as string, value);
    }
  }
  infos.sort((a, b) => a.start - b.start || a.end - b.end);
  let at = dataStart;
  for (const { name, start, end } of infos) {
    if (start !== at) {
      const what = start > at ? "leaves a hole before it" : "overlaps the one before it";
      throw bad(file, `tensor ${quote(name)} starts at byte ${start - dataStart} of the data and ${what}`);
    }
    at = end;
  }
  if (at !== fileSize) {
    throw bad(
      file,
      `its tensors end at byte ${at} but the file ${at < fileSize ? "goes on" : "ends"} to byte ${fileSize}`,
    );
  }
  return { tensors: new Map(infos.map((info) => [info.name, info])), metadata };
}

function tensorInfo(name: string, entry: unknown, file: string, dataStart: number): TensorInfo {
  const wrong = (why: string) => bad(file, `tensor ${quote(name)} ${why}`);
  if (!isJsonObject(entry)) throw wrong("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(dtypeBytes, dtype)) {
    throw wrong(`has the unknown dtype ${quote(typeof dtype === "string" ? dtype : JSON.stringify(dtype ?? null))}`);
  }
  if (!isSizes(shape)) throw wrong("has a shape that is not a list of sizes");
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong("has no pair of data_offsets");
  const [from, to] = offsets as [number, number];
  let bytes: number = dtypeBytes[dtype as Dtype];
  for (const size of shape) bytes *= size;
  // Beyond 2^53 products are inexact, but never below it: a wrapped product cannot pass for a small one.
  if (!(bytes <= Number.MAX_SAFE_INTEGER)) throw wrong(`has the impossible shape [${shape}]`);
  if (to - from !== bytes)
    throw wrong(`of ${dtype} [${shape}] needs ${bytes} bytes but data_offsets span ${to - from}`);
  return { name, dtype: dtype as Dtype, shape, file, start: dataStart + from, end: dataStart + to };
}

/** The part of a tensor that `readSafetensors` gives and `writeSafetensors` takes. */
export interface TensorData {
  dtype: Dtype;
  shape: number[];
  data: Uint8Array;
}

/** Reads a whole file from memory; `data` are views of `bytes`. `file` is for messages. */
export async function readSafetensors(
  bytes: Uint8Array,
  file = "the file",
): Promise<{ tensors: Map<string, TensorData>; metadata: Map<string, string> }> {
  const { tensors, metadata } = await readHeader(readerOfBytes(bytes), file);
  const data = [...tensors.values()].map(({ name, dtype, shape, start, end }): [string, TensorData] => [
    name,
    { dtype, shape, data: bytes.subarray(start, end) },
  ]);
  return { tensors: new Map(data), metadata };
}

/** A tensor to be written. */
export interface TensorEntry {
  name: string;
  dtype: Dtype;
  shape: number[];
  data: ArrayBufferView;
}

/**
 * One safetensors file. Order (wider dtypes first, then names), header and padding are the library's, so that equal tensors give
 * equal bytes (its own `metadata` order is arbitrary beyond one key). Throws when data and shape disagree or a name comes twice.
 */
export function writeSafetensors(entries: TensorEntry[], metadata?: Record<string, string>): Uint8Array {
  const rank = Object.keys(dtypeBytes);
  const sorted = entries.toSorted(
    (a, b) => rank.indexOf(b.dtype) - rank.indexOf(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  let at = 0;
  const fields = metadata ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  const names = new Set<string>();
  for (const { name, dtype, shape, data } of sorted) {
    const needed = shape.reduce((product, size) => product * size, dtypeBytes[dtype]);
    if (needed !== data.byteLength || names.has(name) || name === "__metadata__") {
      throw new Error(
        `Tensor "${name}" of ${dtype} [${shape}] cannot be written: ${data.byteLength} bytes of data, or a name in use.`,
      );
    }
    names.add(name);
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, at + needed] })}`);
    at += needed;
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const dataStart = 8 + Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(dataStart + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.fill(0x20, 8 + header.length, dataStart);
  file.set(header, 8);
  at = dataStart;
  for (const { data } of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Names from a file go into messages cut and escaped. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function bad(file: string, why: string, cause?: unknown): TabTuneError {
  return new TabTuneError(
    "bad-safetensors",
    `${file} is not a sound safetensors file: ${why}.`,
    "Download this file again.",
    "",
    {
      cause,
    },
  );
}
