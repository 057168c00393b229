/**
 * What a pass of the language model keeps. Between a layer's forward and its backward lie megabytes a token: they are kept as they are,
 * kept in f16, or made anew from the layer's input (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 * The MLP, whose width dwarfs the rest, goes through each layer in chunks of rows, so that its scratch does not grow with the pass.
 */
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import { evaluate, type Size } from "../gpu/program.ts";
import { type BeyondHalf, type HalfRows, halfWords } from "../kernels/rows/half.ts";
import { type DecoderConfig, qkvSize } from "./config.ts";

/** How a training pass keeps activations. */
export interface ActivationPolicy {
  /**
   * Of what is kept beyond the layer at hand. f32 is exact. f16 halves it; losses stay as they are, since the forward pass itself runs in
   * f32, and gradients come out of activations that are rounded to f16. Outliers are no exception: see kernels/rows/half.ts.
   */
  precision: "f32" | "f16";
  /** Layers, from the first on, that keep all that their backward reads. The others keep their input and run forward a second time. */
  keptLayers: number;
}

export const KEEP: ActivationPolicy = { precision: "f32", keptLayers: Number.POSITIVE_INFINITY };
export const RECOMPUTE: ActivationPolicy = { precision: "f32", keptLayers: 0 };

/** A policy in a few words. */
export function policyName({ precision, keptLayers }: ActivationPolicy, numLayers: number): string {
  if (keptLayers === 0) return "recompute";
  const what = keptLayers < numLayers ? `keep ${keptLayers} of ${numLayers} layers` : "keep";
  return precision === "f16" ? `${what} in f16` : what;
}

/** "forward": no backward follows. "chat": nor here, but every layer has its cache of keys and values. */
export type PassPolicy = ActivationPolicy | "forward" | "chat";

/** A tensor of the working set [rows, size], where a layer keeps its f16 copy, and where it counts rows beyond f16's range. */
export interface HalfCopy extends HalfRows, BeyondHalf {
  x: Tensor;
  size: number;
}

/** Part of a pass's rows: the first, and how many there are at most. */
export interface RowChunk {
  first: number;
  rows: number;
}

/** Rows of a chunk in this replay: 0 skips its dispatches. */
export const chunkRows =
  <K extends string>({ first, rows: most }: RowChunk, rows: Size<K>): Size<K> =>
  (d) =>
    Math.max(0, Math.min(most, evaluate(rows, d) - first));

/** A chunk's rows of [rows, width]. */
export const chunkOf = ({ first, rows }: RowChunk, x: Tensor, width: number): Tensor =>
  view(x, first * width, rows * width);

/** The MLP of a chunk of rows: [rows, …] each. */
export interface MlpActivations extends RowChunk {
  normed2: Tensor;
  rstd2: Tensor;
  xaGateUp: Tensor;
  gateUp: Tensor;
  hidden: Tensor;
  xaDown: Tensor;
  gateUpHalf: HalfCopy | undefined;
}

/** What one layer's forward leaves for its backward. [rows, …] */
export interface LayerActivations {
  x: Tensor;
  normed1: Tensor;
  rstd1: Tensor;
  xaQkv: Tensor;
  /** q|k|v as projected: where a norm stands in front of RoPE its backward reads them. Else the same tensor as qkv. */
  projected: Tensor;
  /** q|k|v after RoPE, as attention takes them. */
  qkv: Tensor;
  /** [cacheRows, k|v], in chat: the keys and values so far. */
  kv: Tensor | undefined;
  out: Tensor;
  lse: Tensor;
  xaO: Tensor;
  x1: Tensor;
  mlp: MlpActivations[];
  /** f16 copies to take x, and in a kept layer q|k|v, out and x1, from. */
  halves: HalfCopy[];
  /** Whether the backward pass runs this layer's forward again. */
  recompute: boolean;
}

/** What a chunk's gate|up may take in f32: some hundred rows, by thousands of columns, which keep a GPU busy. */
const CHUNK_BYTES = 20 * 1024 * 1024;
/** A chunk begins where a binding may begin, whatever the width. */
export const CHUNK_STEP = 64;

/** Rows of an MLP chunk: all of a pass's chunks but the last have so many. */
export function mlpChunkRows({ intermediateSize }: Pick<DecoderConfig, "intermediateSize">, rows: number): number {
  const limit = Math.max(1, Math.floor(CHUNK_BYTES / (8 * intermediateSize) / CHUNK_STEP)) * CHUNK_STEP;
  return Math.ceil(rows / Math.ceil(rows / limit) / CHUNK_STEP) * CHUNK_STEP;
}

export interface ActivationsRequest {
  rank: number;
  /** Tokens that fit in one pass. */
  rows: number;
  policy: PassPolicy;
  /** Tokens of the cache (chat). */
  cacheRows: number;
  /** Rows of an MLP chunk. */
  mlpRows?: number | undefined;
}

/**
 * u32[layers], what each layer's f16 copies count (`BeyondHalf`), on from pass to pass; none where there are no copies.
 */
export const allocateBeyondHalf = (
  alloc: Allocator,
  { numLayers }: Pick<DecoderConfig, "numLayers">,
  policy: PassPolicy,
): Tensor | undefined =>
  typeof policy === "object" && policy.precision === "f16"
    ? alloc.tensor("activations/beyond f16", numLayers)
    : undefined;

/** `working`: where the tensors come from that are of use only while layers run. `beyondHalf`: as `allocateBeyondHalf` has it. */
export function allocateActivations(
  alloc: Allocator,
  config: DecoderConfig,
  { rank, rows, policy, cacheRows, mlpRows: step = mlpChunkRows(config, rows) }: ActivationsRequest,
  working = alloc,
  beyondHalf = allocateBeyondHalf(alloc, config, policy),
): { layers: LayerActivations[]; last: Tensor } {
  const { hiddenSize: h, intermediateSize: f, numHeads, headSize, numLayers } = config;
  const training = typeof policy === "object" ? policy : undefined;
  const inHalf = training?.precision === "f16";
  const t = (name: string, length: number): Tensor => alloc.tensor(`activations/${name}`, length);
  /** What layers share that keep nothing in it; each tensor is made when the first asks. */
  const made = new Map<string, Tensor>();
  const shared = (name: string, length: number): Tensor => {
    // What layers pass on is needed before and after them too.
    const from = name === "x" ? alloc : working;
    const tensor = made.get(name) ?? from.tensor(`activations/${name}`, length);
    made.set(name, tensor);
    return tensor;
  };

  const layer = (n: number): LayerActivations => {
    const kept = training !== undefined && n < training.keptLayers;
    const keptWhole = kept && !inHalf;
    const tensor = (name: string, width: number, own: boolean, r = rows): Tensor =>
      own ? t(`${name}.${n}`, r * width) : shared(name, r * width);
    const half = (name: string, x: Tensor, size: number): HalfCopy => ({
      ...{ x, size, beyond: beyondHalf!, counter: n },
      half: t(`${name} in f16.${n}`, halfWords(rows * size)),
      scales: t(`${name}'s scales.${n}`, rows),
    });
    /** A chunk's part of a tensor: of the layer's own, or all of one that chunks share. */
    const chunked = (name: string, width: number, own: boolean): ((first: number, count: number) => Tensor) => {
      const whole = tensor(name, width, own, own ? rows : Math.min(step, rows));
      return (first, count) => (own ? view(whole, first * width, count * width) : whole);
    };
    const x = tensor("x", h, training !== undefined && !inHalf);
    // Behind a norm q|k|v are made anew from the projection, which is what is kept.
    const projection = config.qkNorm ? tensor("projected", qkvSize(config), keptWhole) : undefined;
    const qkv = tensor("qkv", qkvSize(config), keptWhole && !projection);
    const projected = projection ?? qkv;
    const out = tensor("out", numHeads * headSize, keptWhole);
    const x1 = tensor("x1", h, keptWhole);
    const normed2 = chunked("normed2", h, keptWhole);
    const rstd2 = chunked("rstd2", 1, keptWhole);
    const xaGateUp = chunked("xaGateUp", 2 * rank, kept);
    const gateUp = chunked("gateUp", 2 * f, keptWhole);
    const hidden = chunked("hidden", f, keptWhole);
    const xaDown = chunked("xaDown", rank, kept);
    const gateUpHalf = kept && inHalf ? half("gateUp", gateUp(0, Math.min(step, rows)), 2 * f) : undefined;
    const chunk = (first: number): MlpActivations => {
      const count = Math.min(step, rows - first);
      const of = gateUp(first, count);
      return {
        first,
        rows: count,
        normed2: normed2(first, count),
        rstd2: rstd2(first, count),
        xaGateUp: xaGateUp(first, count),
        gateUp: of,
        gateUpHalf: gateUpHalf && {
          ...{ ...gateUpHalf, x: of },
          half: view(gateUpHalf.half, first * f, count * f),
          scales: view(gateUpHalf.scales, first, count),
        },
        hidden: hidden(first, count),
        xaDown: xaDown(first, count),
      };
    };
    const rest = (): HalfCopy[] => [
      half("qkv", projected, qkvSize(config)),
      half("out", out, numHeads * headSize),
      half("x1", x1, h),
    ];
    return {
      x,
      normed1: tensor("normed1", h, keptWhole),
      rstd1: tensor("rstd1", 1, keptWhole),
      xaQkv: tensor("xaQkv", 3 * rank, kept),
      ...{ projected, qkv },
      kv: policy === "chat" ? t(`kv.${n}`, cacheRows * 2 * config.numKvHeads * headSize) : undefined,
      out,
      lse: tensor("lse", numHeads, kept),
      xaO: tensor("xaO", rank, kept),
      x1,
      mlp: Array.from({ length: Math.ceil(rows / step) }, (_, c) => chunk(c * step)),
      halves: inHalf ? [half("x", x, h), ...(kept ? rest() : [])] : [],
      recompute: training !== undefined && !kept,
    };
  };
  const layers = Array.from({ length: numLayers }, (_, n) => layer(n));
  // Where layers share their x, it is the last layer's output too.
  return { layers, last: training && !inHalf ? t("x.last", rows * h) : layers[0]!.x };
}
