/**
 * The weights of a model folder: one model.safetensors, or shards behind model.safetensors.index.json, read tensor by tensor.
 * As in transformers, the single file wins where both are present.
 */
import { TabTuneError } from "../../errors.ts";
import type { RangeReader } from "../../storage/range-reader.ts";
import { type Dtype, dtypeBytes, toF32 } from "../formats/dtype.ts";
import { readHeader, type TensorInfo } from "../formats/safetensors.ts";
import { type ModelFiles, missingFile } from "./source.ts";

const singleName = "model.safetensors";
const indexName = "model.safetensors.index.json";
/** The limit of the hub's own reader. */
const maxShards = 10_000;

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

/** Opens the weights of `files`, checking every shard's header. */
export async function openCheckpoint(files: ModelFiles): Promise<Checkpoint> {
  if (files.has(singleName)) {
    const reader = await files.open(singleName);
    const { tensors } = await readHeader(reader, singleName);
    return checkpointOf(files, tensors, new Map([[singleName, reader]]));
  }
  if (!files.has(indexName)) throw noWeights(files);

  const weightMap = await readIndex(files);
  const shards = [...new Set(weightMap.values())].sort();
  for (const shard of shards) if (!files.has(shard)) throw missingFile(shard, files.label);
  const readers = new Map<string, RangeReader>();
  const found = new Map<string, Map<string, TensorInfo>>();
  for (const shard of shards) {
    const reader = await files.open(shard);
    readers.set(shard, reader);
    found.set(shard, (await readHeader(reader, shard)).tensors);
  }
  const tensors = new Map<string, TensorInfo>();
  for (const [name, shard] of weightMap) {
    const info = found.get(shard)!.get(name);
    if (!info) throw missingTensor(name, shard);
    tensors.set(name, info);
  }
  return checkpointOf(files, tensors, readers);
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

/** Tensor name -> shard file name. */
async function readIndex(files: ModelFiles): Promise<Map<string, string>> {
  const index = await files.readJson(indexName);
  const weightMap =
    typeof index === "object" && index !== null ? (index as { weight_map?: unknown }).weight_map : undefined;
  if (typeof weightMap !== "object" || weightMap === null || Array.isArray(weightMap)) {
    throw badIndex("has no weight_map");
  }
  const entries = Object.entries(weightMap);
  for (const [tensor, shard] of entries) {
    if (typeof shard !== "string" || !/^[^/\\\0]+\.safetensors$/.test(shard)) {
      throw badIndex(
        `puts ${JSON.stringify(tensor)} into ${JSON.stringify(shard)}, which is no plain .safetensors file name`,
      );
    }
  }
  if (new Set(entries.map(([, shard]) => shard)).size > maxShards) throw badIndex(`names more than ${maxShards} files`);
  return new Map(entries as [string, string][]);
}

function badIndex(why: string): TabTuneError {
  return new TabTuneError("bad-safetensors", `${indexName} ${why}.`, "Download this file again.");
}

function missingTensor(name: string, where: string): TabTuneError {
  return new TabTuneError(
    "missing-tensor",
    `The tensor ${JSON.stringify(name)} is not in ${where}.`,
    "Download the model again; if it stays, its architecture is not one that TabTune knows.",
  );
}

function noWeights(files: ModelFiles): TabTuneError {
  const old = files.names().find((name) => /^pytorch_model.*\.bin$/.test(name));
  if (old === undefined) return missingFile(singleName, files.label);
  return new TabTuneError(
    "missing-file",
    `${files.label} has its weights in ${old}, a format that can run code; TabTune reads safetensors only.`,
    "Use a revision of the model that has model.safetensors.",
  );
}
