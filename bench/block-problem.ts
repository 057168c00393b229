/**
 * One LoRA Llama block, forward and backward, as numbers that every side gets: weights that 4-bit blocks stand for, a LoRA pair for
 * each of the seven projections, x, and the gradient dy of the output. The loss whose gradient dy is: sum(y * dy).
 */
import { ropeTable } from "../workers/kernels/attention/rope.ts";
import type { DecoderConfig } from "../workers/models/config.ts";
import { dequantise, type FourBitBlocks, quantise } from "../workers/weights/nf4/nf4.ts";
import { randomArray } from "./own.ts";

export const BLOCK_SIZE = 64;
/** PEFT's alpha / r. */
export const LORA_SCALE = 2;

export interface BlockCase {
  text: DecoderConfig;
  /** Sequences of `length` tokens that do not see each other. */
  sequences: number;
  length: number;
  rank: number;
}

export const projections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type Projection = (typeof projections)[number];

export interface ProjectionData {
  in: number;
  out: number;
  blocks: FourBitBlocks;
  /** What the blocks stand for, [out, in]. */
  values: Float32Array;
  /** [rank, in] and [out, rank] */
  loraA: Float32Array;
  loraB: Float32Array;
}

export interface BlockProblem extends BlockCase {
  rows: number;
  linears: Record<Projection, ProjectionData>;
  /** [h] */
  norms: [Float32Array, Float32Array];
  /** [rows, h] */
  x: Float32Array;
  dy: Float32Array;
  /** [length, headSize / 2] */
  cos: Float32Array;
  sin: Float32Array;
  /** cos and sin as our kernels read them. */
  ropeTable: Float32Array;
}

/** What a side computes, for the comparison: gradients of x and of every LoRA matrix, by name ("x", "q_proj.A" …), and the loss. */
export type BlockOutputs = { loss: number; gradients: Map<string, Float32Array> };

/** [in, out] of every projection. */
export function shapes(t: DecoderConfig): Record<Projection, [number, number]> {
  const [h, f, q, kv] = [t.hiddenSize, t.intermediateSize, t.numHeads * t.headSize, t.numKvHeads * t.headSize];
  return {
    q_proj: [h, q],
    k_proj: [h, kv],
    v_proj: [h, kv],
    o_proj: [q, h],
    gate_proj: [h, f],
    up_proj: [h, f],
    down_proj: [f, h],
  };
}

export function blockProblem(c: BlockCase): BlockProblem {
  const { text, sequences, length, rank } = c;
  const rows = sequences * length;
  const h = text.hiddenSize;
  let seed = 10;
  const random = (n: number, scale: number): Float32Array => randomArray(n, seed++, scale);
  const linear = ([inSize, out]: [number, number]): ProjectionData => {
    // Scaled as trained weights are: outputs as large as inputs.
    const raw = random(inSize * out, Math.sqrt(3 / inSize));
    const blocks = quantise(raw, { type: "nf4", blockSize: BLOCK_SIZE, roundToF16First: true });
    return {
      in: inSize,
      out,
      blocks,
      values: dequantise(blocks, { type: "nf4", blockSize: BLOCK_SIZE, length: raw.length }),
      loraA: random(rank * inSize, Math.sqrt(1 / inSize)),
      loraB: random(out * rank, 0.1),
    };
  };
  const linears = Object.fromEntries(Object.entries(shapes(text)).map(([name, shape]) => [name, linear(shape)]));
  const table = ropeTable(length, text.headSize, text.ropeTheta);
  return {
    ...c,
    rows,
    linears: linears as BlockProblem["linears"],
    norms: [random(h, 1).map((v) => 1 + v / 10), random(h, 1).map((v) => 1 + v / 10)],
    x: random(rows * h, 1),
    dy: random(rows * h, 1),
    cos: table.filter((_, i) => i % 2 === 0),
    sin: table.filter((_, i) => i % 2 === 1),
    ropeTable: table,
  };
}
