/** The weights of a model folder, read tensor by tensor. weight-files.ts says which files they lie in. */
import { TabTuneError } from "../../errors.ts";
import type { RangeReader } from "../../storage/range-reader.ts";
import { type Dtype, dtypeBytes, toF32 } from "../formats/dtype.ts";
import { readHeader, type TensorInfo } from "../formats/safetensors.ts";
import type { ModelFiles } from "./source.ts";
import { weightFiles } from "./weight-files.ts";

export interface TensorBytes {
  dtype: Dtype;
  shape: number[];
  bytes: Uint8Array;
}

/** Rows [firstRow, firstRow + rows) of a tensor whose rows run along its first dimension. */
export interface TensorChunk {
  firstRow: number;
  rows: number;
  bytes: Uint8Array;
}

/** A weight file as it lies, header included. */
export interface WeightFile {
  size: number;
  /** As published, where that is known. */
  sha256?: string;
  read(start: number, end: number): Promise<Uint8Array>;
  /** Drops what is kept of the file apart from its tensors. */
  forget(): Promise<void>;
}

export interface Checkpoint {
  label: string;
  /** Identity of a file's content, where the place it lies at tells one (the hub does). */
  versionOf?: (file: string) => string;
  tensors: Map<string, TensorInfo>;
  /** What the user should know of how its files were found. */
  note?: string;
  /** By name; a file that holds none of the tensors is not there. */
  files: Map<string, WeightFile>;
  /** A whole tensor; throws TabTuneError "missing-tensor". */
  read(name: string): Promise<TensorBytes>;
  /** A whole tensor as f32, from F32, F16, BF16 or F64. */
  readF32(name: string): Promise<Float32Array>;
  /** A tensor in whole rows, as many at a time as fit into `maxBytes`, at least one. */
  chunks(name: string, maxBytes: number): AsyncGenerator<TensorChunk>;
  /** Bytes [start, end) within a tensor. */
  readPart(name: string, start: number, end: number): Promise<Uint8Array>;
}

/** Opens the weights of `files`, checking every file's header. */
export async function openCheckpoint(files: ModelFiles): Promise<Checkpoint> {
  const chosen = await weightFiles(files);
  const readers = new Map<string, RangeReader>();
  const found = new Map<string, Map<string, TensorInfo>>();
  for (const file of chosen.files) {
    const reader = await files.open(file);
    readers.set(file, reader);
    found.set(file, (await readHeader(reader, file)).tensors);
  }
  const tensors = chosen.weightMap ? tensorsOfIndex(chosen.weightMap, found) : tensorsOfHeaders(found);
  return { ...checkpointOf(files, tensors, readers), ...(chosen.note ? { note: chosen.note } : {}) };
}

type Headers = ReadonlyMap<string, ReadonlyMap<string, TensorInfo>>;

function tensorsOfIndex(weightMap: ReadonlyMap<string, string>, found: Headers): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, shard] of weightMap) {
    const info = found.get(shard)!.get(name);
    if (!info) throw missingTensor(name, shard);
    tensors.set(name, info);
  }
  return tensors;
}

/** The tensors of all files. A name that comes twice leaves open which one is meant. */
function tensorsOfHeaders(found: Headers): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [file, infos] of found) {
    for (const [name, info] of infos) {
      const other = tensors.get(name);
      if (other) {
        throw new TabTuneError(
          "bad-safetensors",
          `The tensor ${JSON.stringify(name)} is in ${other.file} and in ${file}.`,
          "Choose a folder with the weights of one model.",
        );
      }
      tensors.set(name, info);
    }
  }
  return tensors;
}

function checkpointOf(
  { label, versionOf, published }: ModelFiles,
  tensors: Map<string, TensorInfo>,
  readers: Map<string, RangeReader>,
): Checkpoint {
  const info = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw missingTensor(name, label);
    return found;
  };
  const readPart = async (name: string, start: number, end: number) => {
    const { file, start: from, end: to } = info(name);
    if (from + end > to)
      throw new RangeError(`Bytes ${start} to ${end} were asked of tensor ${name}, which has ${to - from}.`);
    return readers.get(file)!.read(from + start, from + end);
  };
  const read = async (name: string): Promise<TensorBytes> => {
    const { dtype, shape, start, end } = info(name);
    return { dtype, shape, bytes: await readPart(name, 0, end - start) };
  };
  return {
    label,
    ...(versionOf ? { versionOf } : {}),
    tensors,
    files: new Map([...readers].map(([name, reader]) => [name, { ...reader, ...(published?.(name) ?? unpublished) }])),
    read,
    readPart,
    async readF32(name) {
      const { dtype, bytes } = await read(name);
      return toF32(bytes, dtype);
    },
    async *chunks(name, maxBytes) {
      const { dtype, shape } = info(name);
      const [rows = 1, ...rest] = shape;
      const rowBytes = rest.reduce((product, size) => product * size, dtypeBytes[dtype]);
      const step = Math.max(1, Math.floor(maxBytes / Math.max(1, rowBytes)));
      for (let firstRow = 0; firstRow < rows; firstRow += step) {
        const count = Math.min(step, rows - firstRow);
        const start = firstRow * rowBytes;
        yield { firstRow, rows: count, bytes: await readPart(name, start, start + count * rowBytes) };
      }
    },
  };
}

const unpublished = { forget: async (): Promise<void> => undefined };

function missingTensor(name: string, where: string): TabTuneError {
  return new TabTuneError(
    "missing-tensor",
    `The tensor ${JSON.stringify(name)} is not in ${where}.`,
    "Download the model again; if it stays, its architecture is not one that TabTune knows.",
  );
}
