/** What is measured, by kind of adapter: TinyLlama's shapes, cut on a software adapter to what ends in some minutes. */
import type { DecoderConfig, VlmConfig } from "../workers/models/config.ts";
import { configOf } from "../workers/models/published.ts";
import type { BlockCase } from "./block-problem.ts";
import type { LinearCase } from "./linear.ts";
import type { PeakCase } from "./peak.ts";

export interface Sizes {
  name: "gpu" | "software" | "quick";
  rounds: number;
  /** A round repeats a side until it takes about this long: single GPU runs are too short for the clock. */
  targetMs: number;
  peak: PeakCase;
  linear: LinearCase[];
  dense: LinearCase[];
  block: BlockCase;
  decode: LinearCase[];
}

/** TinyLlama 1.1B with CLIP ViT-L/14-336: the model of the seed report's run. */
export const tinyLlava: VlmConfig = configOf("bczhou/tiny-llava-v1-hf");

const { hiddenSize: h, intermediateSize: f } = tinyLlava.decoder;
const oneLayer: DecoderConfig = { ...tinyLlava.decoder, numLayers: 1 };
/** TinyLlama's layer at a fourth of its width. */
const narrowLayer: DecoderConfig = { ...oneLayer, hiddenSize: 512, intermediateSize: 1408, numHeads: 8, numKvHeads: 1 };

/** The four products of a layer, as decoding runs them: q|k|v, o, gate|up, down. */
const decode: LinearCase[] = [
  { rows: 1, in: h, out: 2560 },
  { rows: 1, in: h, out: h },
  { rows: 1, in: h, out: 2 * f },
  { rows: 1, in: f, out: h },
];

const gpu: Sizes = {
  name: "gpu",
  rounds: 7,
  targetMs: 60,
  peak: { workgroups: 8192, loops: 4096, copyBytes: 128 * 2 ** 20 },
  linear: [256, 1024].flatMap((rows) => [
    { rows, in: h, out: h, nBits: true, denseDx: true },
    { rows, in: h, out: f, nBits: true, denseDx: true },
    { rows, in: f, out: h, nBits: true, denseDx: true },
  ]),
  dense: [
    { rows: 1024, in: h, out: h },
    { rows: 1024, in: h, out: f },
  ],
  block: { text: oneLayer, sequences: 2, length: 512, rank: 64 },
  decode,
};

const software: Sizes = {
  name: "software",
  rounds: 5,
  // Processor time comes in hundredths of a second.
  targetMs: 200,
  peak: { workgroups: 256, loops: 256, copyBytes: 64 * 2 ** 20 },
  linear: [
    { rows: 256, in: h, out: h, denseDx: true },
    { rows: 256, in: h, out: f },
    { rows: 256, in: f, out: h },
    // k and v of grouped-query attention.
    { rows: 1024, in: h, out: 256, nBits: true },
  ],
  dense: [{ rows: 256, in: h, out: h }],
  block: { text: narrowLayer, sequences: 2, length: 64, rank: 16 },
  decode,
};

/** Seconds even on a software adapter: shows that every side runs and agrees, no more. */
const quick: Sizes = {
  name: "quick",
  rounds: 1,
  targetMs: 0,
  peak: { workgroups: 16, loops: 16, copyBytes: 2 ** 20 },
  linear: [{ rows: 36, in: 128, out: 192, nBits: true, denseDx: true }],
  dense: [{ rows: 36, in: 128, out: 192 }],
  block: {
    text: { ...oneLayer, hiddenSize: 64, intermediateSize: 96, numHeads: 4, numKvHeads: 2, headSize: 16 },
    sequences: 2,
    length: 12,
    rank: 4,
  },
  decode: [{ rows: 1, in: 128, out: 192 }],
};

export const sizesFor = (isSoftware: boolean, isQuick: boolean): Sizes =>
  isQuick ? quick : isSoftware ? software : gpu;
