/** What is measured, by kind of adapter: published shapes on a graphics card, small ones where the processor does the work. */

import type { PictureFormat } from "../data/pictures/format.ts";
import type { GpuTileName } from "../gpu/variants.ts";
import type { DecoderConfig, VlmConfig } from "../models/config.ts";
import { demoShapes } from "../models/llava/published.ts";
import { configOf, picturesOf, publishedPictures, publishedTensors, tensorsOf } from "../models/published.ts";
import { parseConfig } from "../models/registry.ts";
import type { QuantSettings, TensorFacts } from "../models/weight-builder.ts";

/** A weight [out, in] of a model; "f16": the tower, the projector and the head stay dense. */
export interface ProductCase {
  model: string;
  name: string;
  format: "nf4" | "f16";
  out: number;
  in: number;
  /** Rows that training sends through it. */
  rows: number;
}

export interface AttentionCase {
  name: string;
  heads: number;
  kvHeads: number;
  headSize: number;
  causal: boolean;
  rows: number;
}

/** A run to be measured: a model of random weights, and rows of `tiles` picture tiles and `text` tokens, all of them targets. */
export interface ModelCase {
  name: string;
  config: VlmConfig;
  pictures: PictureFormat;
  tensors: Map<string, TensorFacts>;
  quant: QuantSettings;
  rank: number;
  batchSize: number;
  /** Of the picture of each row. */
  picture: { width: number; height: number };
  text: number;
  /** Tokens of a measured answer. */
  answer: number;
}

export interface BlockCase {
  name: string;
  config: VlmConfig;
  pictures: PictureFormat;
  tensors: Map<string, TensorFacts>;
  quant: QuantSettings;
  rank: number;
  sequences: number;
  length: number;
}

export interface Sizes {
  name: "quick" | "software" | "card";
  rounds: number;
  /** A timing repeats its work until it takes about this long. */
  targetMs: number;
  /** Of the multiply-add loop and the copy. */
  peak: { workgroups: number; loops: number; copyBytes: number };
  /** A buffer of this size is asked for at most, to see that a limit is true. */
  limitBytes: number;
  products: ProductCase[];
  /** The tiles that products are timed with, of those that are right; all if absent. */
  tiles?: GpuTileName[];
  attention: AttentionCase[];
  blocks: BlockCase[];
  models: ModelCase[];
  /** Seconds that a part may take; the products of each model are one. */
  budget: Record<"selfTest" | "products" | "attention" | "blocks" | "model", number>;
}

const quant: QuantSettings = { type: "nf4", blockSize: 64, doubleQuant: false, modules: ["language_model"] };
const ROWS = 704;
const SEED_REPORT_TEXT = 124;

/** A square fits LLaVA-NeXT's largest grid of two by two: five tiles. */
const modelOf = (repo: string, name: string, batchSize: number): ModelCase => ({
  name,
  ...{ config: configOf(repo), pictures: publishedPictures(repo), tensors: publishedTensors(repo) },
  quant,
  rank: 64,
  batchSize,
  picture: { width: 672, height: 672 },
  text: SEED_REPORT_TEXT,
  answer: 65,
});

const demoConfig = parseConfig(demoShapes);

export const demo: ModelCase = {
  name: "demo model, r 16, batch 8",
  ...{ config: demoConfig, pictures: picturesOf(demoShapes) },
  tensors: tensorsOf(demoConfig, { dtype: "F16", vocab: demoShapes.vocab_size }),
  quant,
  rank: 16,
  batchSize: 8,
  picture: { width: 96, height: 96 },
  text: 35,
  answer: 65,
};

/** The 4-bit products of a language model: q|k|v, o, gate|up, down. */
function productsOf(
  model: string,
  t: Pick<DecoderConfig, "hiddenSize" | "intermediateSize" | "numHeads" | "numKvHeads" | "headSize">,
  rows = ROWS,
): ProductCase[] {
  const { hiddenSize: h, intermediateSize: f } = t;
  const q = t.numHeads * t.headSize;
  const shapes = {
    "q|k|v": [q + 2 * t.numKvHeads * t.headSize, h],
    o: [h, q],
    "gate|up": [2 * f, h],
    down: [h, f],
  } as const;
  return Object.entries(shapes).map(([name, [out, inSize]]) => ({
    ...{ model, name, format: "nf4" as const, out, in: inSize, rows },
  }));
}

const dense = (model: string, name: string, out: number, inSize: number, rows: number): ProductCase => ({
  ...{ model, name, format: "f16", out, in: inSize, rows },
});

/** SmolVLM-256M's language model; its checkpoint is of another family, its products are like any other. */
const smol = { hiddenSize: 576, intermediateSize: 1536, numHeads: 9, numKvHeads: 3, headSize: 64 };
const text = (repo: string): DecoderConfig => configOf(repo).decoder;
const patches = 577;

const cardProducts: ProductCase[] = [
  ...productsOf("SmolVLM-256M", smol),
  ...productsOf("tiny-llava", text("bczhou/tiny-llava-v1-hf")),
  ...productsOf("llava-1.5-7b", text("llava-hf/llava-1.5-7b-hf")),
  // q and o are as llava-1.5-7b's.
  ...productsOf("llava-v1.6-mistral-7b", text("llava-hf/llava-v1.6-mistral-7b-hf")).filter(({ name }) => name !== "o"),
  dense("CLIP ViT-L", "q|k|v", 3072, 1024, patches),
  dense("CLIP ViT-L", "fc1", 4096, 1024, patches),
  dense("CLIP ViT-L", "fc2", 1024, 4096, patches),
  dense("tiny-llava", "projector", 2048, 2048, patches - 1),
  dense("tiny-llava", "head", 32064, 2048, 128),
  dense("llava-1.5-7b", "head, one part", 16384, 4096, 128),
];

const cardAttention: AttentionCase[] = [
  { name: "tiny-llava", heads: 32, kvHeads: 4, headSize: 64, causal: true, rows: 700 },
  { name: "llava-1.5-7b", heads: 32, kvHeads: 32, headSize: 128, causal: true, rows: 700 },
  { name: "llava-v1.6-mistral-7b, five tiles", heads: 32, kvHeads: 8, headSize: 128, causal: true, rows: 3052 },
  { name: "CLIP ViT-L", heads: 16, kvHeads: 16, headSize: 64, causal: false, rows: patches },
];

/** One layer of a published model. */
const blockOf = (repo: string, name: string): BlockCase => {
  const config = configOf(repo);
  return {
    name,
    config: { ...config, decoder: { ...config.decoder, numLayers: 1 }, tower: { ...config.tower, layersUsed: 1 } },
    ...{ pictures: publishedPictures(repo), tensors: publishedTensors(repo) },
    ...{ quant, rank: 64, sequences: 2, length: 512 },
  };
};

const card: Sizes = {
  name: "card",
  rounds: 5,
  targetMs: 25,
  peak: { workgroups: 8192, loops: 4096, copyBytes: 2 ** 27 },
  limitBytes: 2 ** 31,
  products: cardProducts,
  attention: cardAttention,
  blocks: [
    blockOf("bczhou/tiny-llava-v1-hf", "tiny-llava, 2 x 512 tokens, r 64"),
    blockOf("llava-hf/llava-1.5-7b-hf", "llava-1.5-7b, 2 x 512 tokens, r 64"),
  ],
  models: [
    demo,
    modelOf("bczhou/tiny-llava-v1-hf", "tiny-llava, r 64, batch 8", 8),
    modelOf("llava-hf/llava-1.5-7b-hf", "llava-1.5-7b, r 64, batch 8", 8),
    modelOf("llava-hf/llava-v1.6-mistral-7b-hf", "llava-v1.6-mistral-7b, r 64, one row of five tiles", 1),
  ],
  budget: { selfTest: 180, products: 90, attention: 90, blocks: 60, model: 240 },
};

/** A processor does some GFLOP/s: shapes of SmolVLM and tiny-llava, few rows. */
const software: Sizes = {
  ...card,
  name: "software",
  rounds: 3,
  targetMs: 20,
  peak: { workgroups: 256, loops: 256, copyBytes: 2 ** 26 },
  limitBytes: 2 ** 27,
  products: [
    ...productsOf("SmolVLM-256M", smol, 128),
    ...productsOf("tiny-llava", text("bczhou/tiny-llava-v1-hf"), 128),
    dense("CLIP ViT-L", "fc1", 4096, 1024, 128),
  ],
  attention: [
    { name: "tiny-llava, 128 rows", heads: 32, kvHeads: 4, headSize: 64, causal: true, rows: 128 },
    { name: "llava-1.5-7b, 128 rows", heads: 32, kvHeads: 32, headSize: 128, causal: true, rows: 128 },
  ],
  blocks: [],
  budget: { selfTest: 900, products: 900, attention: 300, blocks: 300, model: 300 },
};

/** Shows that every part runs, within three minutes on two processor cores with a software adapter. */
const quick: Sizes = {
  ...software,
  name: "quick",
  rounds: 3,
  peak: { workgroups: 64, loops: 128, copyBytes: 2 ** 23 },
  limitBytes: 2 ** 24,
  products: [
    { model: "a small one", name: "4-bit", format: "nf4", out: 192, in: 128, rows: 64 },
    { model: "a small one", name: "dense", format: "f16", out: 192, in: 128, rows: 64 },
  ],
  attention: [{ name: "a small one", heads: 4, kvHeads: 2, headSize: 64, causal: true, rows: 64 }],
  blocks: [
    {
      name: "demo model, 2 x 32 tokens, r 16",
      config: { ...demo.config, decoder: { ...demo.config.decoder, numLayers: 1 } },
      ...{ pictures: demo.pictures, tensors: demo.tensors, quant, rank: 16, sequences: 2, length: 32 },
    },
  ],
  models: [demo],
  budget: { selfTest: 600, products: 120, attention: 60, blocks: 120, model: 120 },
};

/** On a processor all models are told of, the large ones as left out; and a tile, which takes it seconds to compile, says nothing of cards. */
const quickInSoftware: Sizes = { ...quick, models: card.models, tiles: ["64x64", "32x32", "64x64 f16"] };

export function sizesFor(isSoftware: boolean, isQuick: boolean): Sizes {
  if (isQuick) return isSoftware ? quickInSoftware : quick;
  return isSoftware ? software : card;
}

/** Models of billions of weights are for graphics cards: on a processor a step of the smallest takes a quarter of an hour. */
export const tooLargeForSoftware = ({ config }: ModelCase): boolean =>
  config.decoder.hiddenSize > demo.config.decoder.hiddenSize;
