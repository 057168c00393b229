/**
 * The sizes of a model as the engine knows them: three parts, and no family. A family reads them from its config.json
 * (registry.ts). The vocabulary is not among them: the rows of the embedding tensor are the truth.
 */
import type { GeluKind } from "../kernels/activation/gelu.ts";
import type { NameScheme } from "./names.ts";

/** The language model. */
export interface DecoderConfig {
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  numHeads: number;
  numKvHeads: number;
  headSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Where a token has several positions (M-RoPE: time, row and column): by which of them each pair of a head turns [headSize / 2]. */
  ropeAxes: readonly number[] | undefined;
  /** Each query and key head goes through an RMSNorm before RoPE (Qwen3). */
  qkNorm: boolean;
  /** Whether the projections of query, key and value have a bias (Qwen2). */
  qkvBias: boolean;
  /** Longest sequence. A sliding window counts too: within it attention is as without one. */
  maxPositions: number;
  /** The output head is the embedding table; where it is not, the checkpoint has an `lm_head` of its own. */
  tiedHead: boolean;
}

/** How files call what a layer of the tower has, below the layer. `qkv`: query, key and value, or the one linear that gives all three. */
export interface TowerModules {
  norm1: string;
  norm2: string;
  qkv: readonly string[];
  out: string;
  fc1: string;
  fc2: string;
}

/** CLIP's and SigLIP's. */
export const clipModules: TowerModules = {
  ...{ norm1: "layer_norm1", norm2: "layer_norm2" },
  qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
  ...{ out: "self_attn.out_proj", fc1: "mlp.fc1", fc2: "mlp.fc2" },
};

/** Of a tower that sees pictures whole, at any size: where a patch is, it knows by its row and its column among the picture's. */
export interface FreeSize {
  /** The learned positions are a square map of so many a side, stretched over the picture's patches (bilinear, corner on corner). */
  tableSide: number;
  /** Base of the rotary angles: the first half of a head's pairs turns by the patch's row, the other by its column. */
  ropeTheta: number;
}

/** The vision tower: a transformer over the patches of a square tile, and in CLIP's kind over a class token in front of them. */
export interface TowerConfig {
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  /** Layers that are run; the others are behind the hidden state that the connector takes. */
  layersUsed: number;
  numHeads: number;
  /** Side of a tile, and of a patch, in pixels; what a tile has beyond whole patches is not seen. */
  imageSize: number;
  patchSize: number;
  layerNormEps: number;
  activation: GeluKind;
  /** A learned token in front of the patches: none, one that only they attend to, or one whose output is a feature too. */
  classToken: "none" | "dropped" | "kept";
  /** Whether the patch embedding has a bias. */
  patchBias: boolean;
  /** Whether the layers' input is normalised (`pre_layrnorm`), and the output of the last that is run (`post_layernorm`). */
  preNorm: boolean;
  postNorm: boolean;
  /** Row of the checkpoint's position table for each row of a tile; undefined: in order. */
  positionRows?: readonly number[] | undefined;
  /** Pictures are seen whole: a tile is a square of patches that becomes one feature, and the tiles of a picture see each other. */
  freeSize?: FreeSize | undefined;
  /** Frames that a patch has; a still picture is each of them. Default 1. */
  frames?: number | undefined;
  /** Default: `clipModules`. */
  modules?: TowerModules | undefined;
}

/** From the tower's rows to the decoder's width: one linear, or two with an activation between them. */
export interface ConnectorConfig {
  /** Width of the tower's rows, and of the decoder. */
  inSize: number;
  outSize: number;
  /** Pixel shuffle: the rows of a square of so many patches a side become one, behind each other. 1: every row stays by itself. */
  shuffle: number;
  /** A LayerNorm (the module "norm") over the tower's rows, or over what the shuffle makes of them. Default: none. */
  norm?: { over: "rows" | "shuffled"; eps: number } | undefined;
  /** Modules of the linears below the connector. */
  modules: readonly [string] | readonly [string, string];
  /** Width between two linears. Default: `outSize`. */
  hiddenSize?: number | undefined;
  /** Read where there are two linears. */
  activation: GeluKind;
  bias: boolean;
}

export interface VlmConfig {
  /** `model_type` of config.json: the family's name in the registry. */
  modelType: string;
  names: NameScheme;
  decoder: DecoderConfig;
  tower: TowerConfig;
  connector: ConnectorConfig;
  /**
   * DeepStack: what else the decoder gets of pictures. The n-th is the output of a layer of the tower, through a connector of its own, added to
   * the image rows behind the decoder's layer n. Meng et al. 2024, "DeepStack: Deeply Stacking Visual Tokens is Surprisingly Simple and
   * Effective for LMMs".
   */
  deepstack?: readonly { layer: number; connector: ConnectorConfig }[] | undefined;
  imageTokenId: number;
  padTokenId: number | null;
  /** Neutral name of a vector [hiddenSize] of the checkpoint that stands as a feature row of its own, behind those of all tiles. */
  extraRow: string | null;
  /** Whether a slot may take a weighted sum of features instead of one (`PictureFormat.blend`). */
  blends: boolean;
}

/** Patches of one tile: floor(imageSize / patchSize)². */
export const patchesPerTile = ({ imageSize, patchSize }: Pick<TowerConfig, "imageSize" | "patchSize">): number =>
  Math.floor(imageSize / patchSize) ** 2;

/** Rows of one tile inside the tower: its patches, and the class token where there is one. */
export const tokensPerTile = (t: Pick<TowerConfig, "imageSize" | "patchSize" | "classToken">): number =>
  patchesPerTile(t) + (t.classToken === "none" ? 0 : 1);

/** Rows of one tile that the tower gives the connector. */
export const towerRowsPerTile = (t: Pick<TowerConfig, "imageSize" | "patchSize" | "classToken">): number =>
  patchesPerTile(t) + (t.classToken === "kept" ? 1 : 0);

/** Rows of the learned table of positions. */
export const positionTableRows = (t: TowerConfig): number =>
  t.freeSize ? t.freeSize.tableSide ** 2 : tokensPerTile(t);

/** Values of a patch, as the patch embedding takes them. */
export const patchValues = ({ frames = 1, patchSize }: Pick<TowerConfig, "frames" | "patchSize">): number =>
  3 * frames * patchSize ** 2;

/** What of layers of the tower becomes features beside the connector's. */
export const deepstackOf = ({ deepstack = [] }: Pick<VlmConfig, "deepstack">): NonNullable<VlmConfig["deepstack"]> =>
  deepstack;

/** Feature rows that one tile gives the language model. */
export const featuresPerTile = ({ tower, connector }: Pick<VlmConfig, "tower" | "connector">): number =>
  towerRowsPerTile(tower) / connector.shuffle ** 2;

/** Positions of a token: one, or as many as pairs of a head turn by. */
export const axesOf = ({ ropeAxes }: Pick<DecoderConfig, "ropeAxes">): number =>
  ropeAxes ? Math.max(...ropeAxes) + 1 : 1;

/** Columns of the packed q|k|v projection. */
export const qkvSize = (d: Pick<DecoderConfig, "numHeads" | "numKvHeads" | "headSize">): number =>
  (d.numHeads + 2 * d.numKvHeads) * d.headSize;

/**
 * Positions that get a RoPE table row: no sequence here is longer, whatever the model's own limit. LLaVA-OneVision's largest picture alone
 * takes 8,829.
 */
export const MAX_POSITIONS = 10_240;

/** Longest sequence that the model can run: later positions have no row in the RoPE table. */
export const positionsOf = ({ maxPositions }: Pick<DecoderConfig, "maxPositions">): number =>
  Math.min(MAX_POSITIONS, maxPositions);

/** Words of the RoPE table: a row a position, and one more where pairs turn by different ones. */
export const ropeWords = (d: Pick<DecoderConfig, "maxPositions" | "headSize" | "ropeAxes">): number =>
  d.headSize * (positionsOf(d) + (d.ropeAxes ? 1 : 0));
