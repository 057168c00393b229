/** What becomes of one tensor of a checkpoint on its way to the GPU: kept as it is, rounded to f16, or quantised to 4 bits. */
import { TabTuneError } from "../../errors.ts";
import { PIECE_BYTES } from "../../storage/sha256.ts";
import { beyondF16, bytesOf, type Dtype, dtypeBytes, elementsOf, f32ToF16, toF32 } from "../formats/dtype.ts";
import { doubleDequantise, doubleQuantise } from "../nf4/double-quant.ts";
import { type FourBitType, quantise } from "../nf4/nf4.ts";

/** What is to become of one tensor. */
export type PlanEntry =
  | { name: string; how: "keep" }
  /** Dense, and rounded to f16. */
  | { name: string; how: "f16" }
  | FourBitEntry;

interface FourBitEntry {
  name: string;
  how: FourBitType;
  blockSize: number;
  /** As transformers does to checkpoints that are not f16. */
  roundToF16First: boolean;
  /** Give the absmax the values they have after 8-bit double quantisation. */
  doubleQuant: boolean;
}

/** What became of a tensor; `at`: of one that comes in pieces, the bytes before this piece. */
export type TensorContent =
  | { kind: "4bit"; codes: Uint8Array; absmax: Float32Array }
  | { kind: "dense"; dtype: Dtype; bytes: Uint8Array; at?: number };

export type LoadedTensor = { name: string; shape: number[] } & TensorContent;

/** A tensor in the making: takes in the checkpoint's bytes in order, and holds only what became of them. */
export interface TensorPreparation {
  /** Throws TabTuneError "bad-tensor" when they cannot be quantised, or are beyond f16 where they are to be rounded to it. */
  take(bytes: Uint8Array): void;
  done(): LoadedTensor;
}

/** Bytes of the checkpoint that `take` gets at a time, the last aside: whole blocks of any number format, and what the cache hashes at a time. */
export { PIECE_BYTES };

/** Whether a tensor of so many bytes goes on piece by piece: a table of a large vocabulary would be the most that a load holds. */
export const comesInPieces = ({ how }: PlanEntry, sourceBytes: number): boolean =>
  how === "keep" && sourceBytes > PIECE_BYTES;

/** Makes a tensor of `shape` that the checkpoint has as `dtype`. */
export function preparation(entry: PlanEntry, shape: number[], dtype: Dtype): TensorPreparation {
  if (entry.how === "f16") return halves(entry.name, shape, dtype);
  return entry.how === "keep" ? same(entry.name, shape, dtype) : fourBits(entry, shape, dtype);
}

function same(name: string, shape: number[], dtype: Dtype): TensorPreparation {
  const whole = new Uint8Array(elementsOf(shape) * dtypeBytes[dtype]);
  let at = 0;
  return {
    take(bytes) {
      whole.set(bytes, at);
      at += bytes.byteLength;
    },
    done: () => ({ name, shape, kind: "dense", dtype, bytes: whole }),
  };
}

function halves(name: string, shape: number[], dtype: Dtype): TensorPreparation {
  const words = new Uint16Array(elementsOf(shape));
  let at = 0;
  return {
    take(bytes) {
      const values = toF32(bytes, dtype);
      const beyond = beyondF16(values);
      if (beyond !== undefined) {
        throw new TabTuneError(
          "bad-tensor",
          `${name} holds ${beyond}, and 16 bits, in which so large a checkpoint of ${dtype} is held, end at 65,504.`,
          "Use the checkpoint in BF16, which reaches as far as F32 and is held as it is.",
        );
      }
      words.set(f32ToF16(values), at);
      at += values.length;
    },
    done: () => ({ name, shape, kind: "dense", dtype: "F16", bytes: bytesOf(words) }),
  };
}

function fourBits(entry: FourBitEntry, shape: number[], dtype: Dtype): TensorPreparation {
  const { name, how: type, blockSize, doubleQuant } = entry;
  const roundToF16First = entry.roundToF16First && dtype !== "F16";
  const codes = new Uint8Array(Math.ceil(elementsOf(shape) / 2));
  const absmax = new Float32Array(Math.ceil(elementsOf(shape) / blockSize));
  let at = 0;
  return {
    take(bytes) {
      try {
        const values = toF32(bytes, dtype);
        const blocks = quantise(values, { type, blockSize, roundToF16First });
        codes.set(blocks.codes, at / 2);
        absmax.set(blocks.absmax, at / blockSize);
        at += values.length;
      } catch (error) {
        if (!(error instanceof TabTuneError)) throw error;
        const message = `${name} cannot be quantised. ${error.message}`;
        throw new TabTuneError(error.code, message, error.remedy, error.safe, { cause: error });
      }
    },
    done: () => ({
      name,
      shape,
      kind: "4bit",
      codes,
      absmax: doubleQuant ? doubleDequantise(doubleQuantise(absmax)) : absmax,
    }),
  };
}

/** Bytes of a tensor as the cache has it, of `sourceBytes` in the checkpoint: as it is, or [absmax f32 | codes]. */
export function preparedBytes(entry: PlanEntry, shape: number[], sourceBytes: number): number {
  if (entry.how === "keep") return sourceBytes;
  if (entry.how === "f16") return 2 * elementsOf(shape);
  return 4 * Math.ceil(elementsOf(shape) / entry.blockSize) + Math.ceil(elementsOf(shape) / 2);
}

/** What the cache keeps of a tensor, in parts. */
export const packed = (tensor: LoadedTensor): Uint8Array[] =>
  tensor.kind === "4bit" ? [bytesOf(tensor.absmax), tensor.codes] : [tensor.bytes];

/** The tensor whose `packed` parts these bytes are. */
export function unpacked(bytes: Uint8Array, entry: PlanEntry, shape: number[], dtype: Dtype): LoadedTensor {
  const { name } = entry;
  if (entry.how === "keep") return { name, shape, kind: "dense", dtype, bytes };
  if (entry.how === "f16") return { name, shape, kind: "dense", dtype: "F16", bytes };
  const blocks = Math.ceil(elementsOf(shape) / entry.blockSize);
  const absmax = new Float32Array(bytes.buffer, bytes.byteOffset, blocks);
  return { name, shape, kind: "4bit", absmax, codes: bytes.subarray(4 * blocks) };
}
