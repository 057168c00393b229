/**
 * Checkpoints that bitsandbytes has already quantised, as transformers' `save_pretrained` writes them: beside a linear's `weight`
 * (packed codes, U8) lie `weight.absmax`, `weight.quant_map` and, as JSON in U8, `weight.quant_state.bitsandbytes__nf4` (or fp4);
 * with double quantisation absmax is U8 too, with `weight.nested_absmax` and `weight.nested_quant_map` (bitsandbytes
 * functional.py, `QuantState.as_dict(packed=True)`). Such weights are taken as they are, whatever the recipe says, as in
 * transformers.
 */
import { TabTuneError } from "../../errors.ts";
import { elementsOf, toF32 } from "../formats/dtype.ts";
import type { TensorInfo } from "../formats/safetensors.ts";
import type { Checkpoint } from "../hub/model-files.ts";
import { doubleDequantise } from "../nf4/double-quant.ts";
import { dequantise, type FourBitBlocks, type FourBitType } from "../nf4/nf4.ts";
import { codeValues } from "../nf4/tables.ts";

/** How the 4-bit tensor of a checkpoint is stored. */
export interface StoredFourBit {
  type: FourBitType;
  blockSize: number;
  /** Of the 8-bit absmax, with double quantisation. */
  nested: { blockSize: number; offset: number } | undefined;
}

export type StoredTensorInfo = TensorInfo & { fourBit?: StoredFourBit };

/** A checkpoint whose 4-bit tensors have the shape of the weights they stand for, and are told by `fourBit`. */
export interface StoredCheckpoint extends Checkpoint {
  tensors: Map<string, StoredTensorInfo>;
}

const statePattern = /^(.+)\.quant_state\.bitsandbytes__(nf4|fp4)$/;

function bad(name: string, what: string, cause?: unknown): TabTuneError {
  return new TabTuneError(
    "bad-tensor",
    `The 4-bit tensor "${name}" ${what}.`,
    "Download the checkpoint again, or choose its unquantised original.",
    "",
    cause === undefined ? undefined : { cause },
  );
}

/** Finds the 4-bit tensors of a checkpoint; one without any is returned as it is. Throws "bad-tensor" for a state that cannot be. */
export async function withStoredFourBit(checkpoint: Checkpoint): Promise<StoredCheckpoint> {
  const tensors = new Map<string, StoredTensorInfo>(checkpoint.tensors);
  for (const key of checkpoint.tensors.keys()) {
    const match = statePattern.exec(key);
    if (!match) continue;
    const [, name, type] = match as unknown as [string, string, FourBitType];
    const info = checkpoint.tensors.get(name);
    if (info?.dtype !== "U8") throw bad(name, "has a quantisation state but no packed weights");
    const state = parseState(name, (await checkpoint.read(key)).bytes);
    const elements = elementsOf(state.shape);
    if (info.end - info.start !== Math.ceil(elements / 2)) {
      throw bad(name, `holds ${info.end - info.start} bytes, which is not half of [${state.shape}]`);
    }
    tensors.set(name, { ...info, shape: state.shape, fourBit: { type, ...state.how } });
  }
  if (![...tensors.values()].some((info) => info.fourBit)) return checkpoint;
  const withState: StoredCheckpoint = {
    ...checkpoint,
    tensors,
    async readF32(name) {
      const info = tensors.get(name);
      if (!info?.fourBit) return checkpoint.readF32(name);
      const length = elementsOf(info.shape);
      return dequantise(await readStored(withState, name), { ...info.fourBit, length });
    },
  };
  return withState;
}

/** Codes and f32 absmax of a 4-bit tensor of the checkpoint. */
export async function readStored(checkpoint: StoredCheckpoint, name: string): Promise<FourBitBlocks> {
  const info = checkpoint.tensors.get(name);
  if (!info?.fourBit) throw bad(name, "has no quantisation state");
  const { type, blockSize, nested } = info.fourBit;
  const part = async (suffix: string) => {
    if (!checkpoint.tensors.has(`${name}.${suffix}`)) throw bad(name, `lacks its "${suffix}"`);
    return checkpoint.read(`${name}.${suffix}`);
  };
  const map = await part("quant_map");
  const values = toF32(map.bytes, map.dtype);
  if (values.length !== 16 || !values.every((value, i) => Math.abs(value - codeValues[type][i]!) < 1e-6)) {
    throw bad(name, `has a code book that is not bitsandbytes' ${type}`);
  }
  const { bytes: codes } = await checkpoint.read(name);
  const blocks = Math.ceil(elementsOf(info.shape) / blockSize);
  const stored = await part("absmax");
  let absmax: Float32Array;
  if (nested) {
    const scales = await part("nested_absmax");
    const table = await part("nested_quant_map");
    const [outer, book] = [toF32(scales.bytes, scales.dtype), toF32(table.bytes, table.dtype)];
    if (stored.dtype !== "U8" || book.length !== 256 || outer.length !== Math.ceil(blocks / nested.blockSize)) {
      throw bad(name, "has a double quantisation whose parts do not fit together");
    }
    absmax = doubleDequantise({ codes: stored.bytes, absmax: outer, offset: nested.offset }, book, nested.blockSize);
  } else absmax = toF32(stored.bytes, stored.dtype);
  if (absmax.length !== blocks) throw bad(name, `has ${absmax.length} block maxima for ${blocks} blocks`);
  return { codes, absmax };
}

function parseState(name: string, bytes: Uint8Array): { shape: number[]; how: Omit<StoredFourBit, "type"> } {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw bad(name, "has a quantisation state that is not JSON", cause);
  }
  const { blocksize: blockSize, shape, nested_blocksize: nestedSize, nested_offset: offset } = json;
  const size = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
  if (!size(blockSize) || !Array.isArray(shape) || shape.length !== 2 || !shape.every(size)) {
    throw bad(name, "has a quantisation state without block size or shape");
  }
  if (nestedSize === undefined) return { shape, how: { blockSize, nested: undefined } };
  if (!size(nestedSize) || typeof offset !== "number") throw bad(name, "has a nested state without size or offset");
  return { shape, how: { blockSize, nested: { blockSize: nestedSize, offset } } };
}
