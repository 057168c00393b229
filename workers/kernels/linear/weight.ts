/** How a weight matrix [out, in] lies in GPU memory, row-major, as PyTorch's nn.Linear has it. */
import type { Tensor } from "../../gpu/buffers.ts";

/** f16 and bf16 are packed two to a word, little end first; arithmetic is f32 all the same. */
export type DenseFormat = "f32" | "f16" | "bf16";

export interface DenseWeight {
  format: DenseFormat;
  out: number;
  in: number;
  data: Tensor;
}

/**
 * 4-bit blocks as bitsandbytes packs them: byte j of the flattened matrix holds elements 2j (high nibble) and 2j+1 (low);
 * `absmax` has a number per `blockSize` consecutive elements of the flattened matrix. `in` is a multiple of 8.
 */
export interface FourBitWeight {
  format: "nf4" | "fp4";
  out: number;
  in: number;
  blockSize: number;
  /** out * in / 8 words. */
  codes: Tensor;
  /** ceil(out * in / blockSize) numbers. */
  absmax: Tensor;
  /** f16 lies two to a word, little end first: for blocks of weights that were rounded to f16, whose maxima are f16 exactly. */
  absmaxFormat: "f16" | "f32";
}

export type Weight = DenseWeight | FourBitWeight;
