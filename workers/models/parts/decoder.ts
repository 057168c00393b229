/**
 * The language model: forward and, beside it, backward with respect to activations and LoRA matrices (the base is frozen, so
 * there is no dW). All rows are tokens of the micro-batch's sequences laid end to end without padding; `starts`, `ends` and
 * `positions` keep them apart. More than 300 lines, because a layer's forward is to be read beside its backward. transformers: models/llama/modeling_llama.py and what derives from it.
 */
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { swigluBackward, swigluForward } from "../../kernels/activation/swiglu.ts";
import { attentionBackward, attentionForward } from "../../kernels/attention/attention.ts";
import { ropeBackward, ropeForward } from "../../kernels/attention/rope.ts";
import { linearBackwardInput, linearForward, loraDown } from "../../kernels/linear/linear.ts";
import { type LoraDropout, loraGradients } from "../../kernels/linear/lora.ts";
import { headNormBackward, headNormForward } from "../../kernels/norm/head-norm.ts";
import { rmsNormBackward, rmsNormForward } from "../../kernels/norm/rms-norm.ts";
import { packHalf, unpackHalf } from "../../kernels/rows/half.ts";
import { chunkOf, chunkRows, type LayerActivations, type MlpActivations, mlpChunkRows } from "../activations.ts";
import { axesOf, type DecoderConfig, qkvSize } from "../config.ts";
import { DECODER, decoderLayer } from "../names.ts";
import type { AffineWeight, WeightBuilder } from "../weight-builder.ts";
import { type Linears, mapLinears } from "./linears.ts";
import { dropoutSites, type LoraLinear, type PassDropout } from "./lora.ts";

export type DecoderLinear = "qkv" | "o" | "gateUp" | "down";

export interface DecoderLayerWeights {
  inputNorm: Tensor;
  postNorm: Tensor;
  /** [headSize] each, of query and key heads; where they are normalised. */
  headNorms?: { query: Tensor; key: Tensor } | undefined;
  linears: Record<DecoderLinear, AffineWeight>;
}

export interface DecoderWeights {
  layers: DecoderLayerWeights[];
  norm: Tensor;
}

/** LoRA of one layer. */
export type DecoderLora = Record<DecoderLinear, LoraLinear>;

/** The linears of a layer. */
export function decoderLinears(
  c: Pick<DecoderConfig, "hiddenSize" | "intermediateSize" | "numHeads" | "numKvHeads" | "headSize" | "qkvBias">,
): Linears<DecoderLinear> {
  const { hiddenSize: h, intermediateSize: f } = c;
  const q = c.numHeads * c.headSize;
  const kv = c.numKvHeads * c.headSize;
  return {
    qkv: {
      inSize: h,
      parts: [
        ["self_attn.q_proj", q],
        ["self_attn.k_proj", kv],
        ["self_attn.v_proj", kv],
      ],
      bias: c.qkvBias,
    },
    o: { inSize: q, parts: [["self_attn.o_proj", h]], bias: false },
    gateUp: {
      inSize: h,
      parts: [
        ["mlp.gate_proj", f],
        ["mlp.up_proj", f],
      ],
      bias: false,
    },
    down: { inSize: f, parts: [["mlp.down_proj", h]], bias: false },
  };
}

export function decoderWeights(build: WeightBuilder, c: DecoderConfig): DecoderWeights {
  const [h, head] = [[c.hiddenSize], [c.headSize]];
  const layers = Array.from({ length: c.numLayers }, (_, n): DecoderLayerWeights => {
    const base = decoderLayer(n);
    return {
      inputNorm: build.vector(`${base}.input_layernorm.weight`, h),
      linears: mapLinears(decoderLinears(c), (l, key) => build.linear(base, key, l, "language_model")),
      postNorm: build.vector(`${base}.post_attention_layernorm.weight`, h),
      headNorms: c.qkNorm
        ? {
            query: build.vector(`${base}.self_attn.q_norm.weight`, head),
            key: build.vector(`${base}.self_attn.k_norm.weight`, head),
          }
        : undefined,
    };
  });
  return { layers, norm: build.vector(`${DECODER}.norm.weight`, h) };
}

/** Scratch of the backward pass, shared by all layers. */
export interface LayerGradients {
  /** Gradient of the residual stream [rows, h]; every layer adds to it in place. */
  dx: Tensor;
  dNormed: Tensor;
  dQkv: Tensor;
  /** The same memory as dNormed: neither is needed while the other is. */
  dOut: Tensor;
  delta: Tensor;
  /** Of an MLP chunk. The gradient of gate|up takes its place. */
  dHidden: Tensor;
  t: Tensor;
  /** With dropout: room for a masked input of any linear. */
  dropped: Tensor | undefined;
}

/** For passes of at most `rows` tokens, whose MLP goes in chunks of `mlpRows`. All but dx is of use only while layers run: `working`. */
export function allocateGradients(
  alloc: Allocator,
  config: DecoderConfig,
  {
    rank,
    rows,
    dropout,
    mlpRows = mlpChunkRows(config, rows),
  }: {
    rank: number;
    rows: number;
    dropout: boolean;
    mlpRows?: number | undefined;
  },
  working = alloc,
): LayerGradients {
  const { hiddenSize, intermediateSize, numHeads, headSize } = config;
  const t = (name: string, length: number): Tensor => working.tensor(`backward/${name}`, length);
  const heads = numHeads * headSize;
  const chunk = Math.min(rows, mlpRows);
  const dNormed = t("dNormed", rows * Math.max(hiddenSize, heads));
  return {
    dx: alloc.tensor("backward/dx", rows * hiddenSize),
    dNormed,
    dQkv: t("dQkv", rows * qkvSize(config)),
    dOut: dNormed,
    delta: t("delta", rows * numHeads),
    dHidden: t("dHidden", chunk * intermediateSize),
    t: t("t", rows * 3 * rank),
    dropped: dropout ? t("dropped", Math.max(rows * Math.max(hiddenSize, heads), chunk * intermediateSize)) : undefined,
  };
}

/** Token facts of a pass; the rows of u32 buffers, written before each replay. */
export interface TokenFacts {
  starts: Tensor;
  ends: Tensor;
  /** [rows, axes] */
  positions: Tensor;
  ropeTable: Tensor;
}

/** One layer in one pass. */
export interface LayerPass<K extends string> {
  config: DecoderConfig;
  weights: DecoderLayerWeights;
  /** Buffers of the forward pass, and what it leaves in them for the backward. */
  kept: LayerActivations;
  lora: DecoderLora | undefined;
  tokens: TokenFacts;
  rows: Size<K>;
  /** Rows already in the cache (chat). */
  past?: Size<K>;
  tile?: "prefill" | "decode";
  /** Number of the layer, and dropout in training. */
  layer?: number;
  dropout?: PassDropout<K> | undefined;
}

const sites: DecoderLinear[] = ["qkv", "o", "gateUp", "down"];

/** The mask of a linear's input, of which row 0 here is row `first` of the pass. */
function dropoutOf<K extends string>(
  { dropout, layer = 0 }: LayerPass<K>,
  linear: DecoderLinear,
  first = 0,
): LoraDropout<K> | undefined {
  if (!dropout) return undefined;
  const { first: before, ...rest } = dropout;
  const site = dropoutSites.language + layer * sites.length + sites.indexOf(linear);
  return { ...rest, site, firstRow: (d) => evaluate(before, d) + first };
}

/** The adapter of a linear, for its kernel; `xa` takes A x. */
const loraOf = <K extends string>(p: LayerPass<K>, linear: DecoderLinear, xa: Tensor, first = 0) =>
  p.lora && { weights: p.lora[linear].weights, xa, dropout: dropoutOf(p, linear, first) };

/** One layer, x -> next. */
export function layerForward<K extends string>(r: Recorder<K>, next: Tensor, p: LayerPass<K>): void {
  attentionHalf(r, p);
  // Before the MLP writes to `next`: it may be the tensor of x.
  for (const copy of p.kept.halves) packHalf(r, { ...copy, rows: p.rows });
  for (const m of p.kept.mlp) mlpForward(r, next, m, p);
}

const attentionShape = <K extends string>({ config, tokens }: LayerPass<K>) => ({
  starts: tokens.starts,
  ends: tokens.ends,
  heads: config.numHeads,
  kvHeads: config.numKvHeads,
  headSize: config.headSize,
  causal: true,
});

const ropeShape = <K extends string>({ config, tokens }: LayerPass<K>) => ({
  positions: tokens.positions,
  table: tokens.ropeTable,
  axes: axesOf(config),
  heads: config.numHeads,
  kvHeads: config.numKvHeads,
  headSize: config.headSize,
});

/** Of the norm in front of RoPE, where there is one. */
function headNormShape<K extends string>({ config, weights, kept, rows }: LayerPass<K>) {
  const { numHeads: heads, numKvHeads: kvHeads, headSize, rmsNormEps: eps } = config;
  const { headNorms } = weights;
  return (
    headNorms && {
      ...{ x: kept.projected, queryWeight: headNorms.query, keyWeight: headNorms.key },
      ...{ heads, kvHeads, headSize, eps, rows },
    }
  );
}

/** projected -> qkv. */
function headsForward<K extends string>(r: Recorder<K>, p: LayerPass<K>): void {
  const { rows, past = 0, kept } = p;
  const norm = headNormShape(p);
  if (norm) headNormForward(r, { ...norm, y: kept.qkv });
  ropeForward(r, { qkv: kept.qkv, ...ropeShape(p), rows, cache: kept.kv && { kv: kept.kv, past } });
}

/** x -> x1, the residual stream behind attention. */
function attentionHalf<K extends string>(r: Recorder<K>, p: LayerPass<K>): void {
  const { rows, past = 0, tile = "prefill" } = p;
  const { qkv, o } = p.weights.linears;
  const { x, normed1, projected, qkv: heads, kv, out, lse, x1, xaQkv, xaO } = p.kept;
  const cache = kv && { kv, past };
  inputNorm(r, p);
  linearForward(r, { y: projected, x: normed1, ...qkv, lora: loraOf(p, "qkv", xaQkv), rows, tile });
  headsForward(r, p);
  attentionForward(r, {
    ...{ out, lse, qkv: heads, ...attentionShape(p), rows, cache },
    ...(tile === "decode" ? { tile } : {}),
  });
  linearForward(r, { y: x1, x: out, ...o, lora: loraOf(p, "o", xaO), residual: x, rows, tile });
}

function inputNorm<K extends string>(r: Recorder<K>, { config, weights, kept, rows }: LayerPass<K>): void {
  const { hiddenSize: size, rmsNormEps: eps } = config;
  const { normed1: y, x, rstd1: rstd } = kept;
  rmsNormForward(r, { y, x, weight: weights.inputNorm, rstd, size, eps, rows });
}

function postNorm<K extends string>(
  r: Recorder<K>,
  m: MlpActivations,
  { config, weights, kept, rows }: LayerPass<K>,
): void {
  const { hiddenSize: size, rmsNormEps: eps } = config;
  const { normed2: y, rstd2: rstd } = m;
  const x = chunkOf(m, kept.x1, size);
  rmsNormForward(r, { y, x, weight: weights.postNorm, rstd, size, eps, rows: chunkRows(m, rows) });
}

/** A chunk of x1 -> the same rows of next. `next` undefined stops before the down projection's wide half: all that recomputation needs. */
function mlpForward<K extends string>(
  r: Recorder<K>,
  next: Tensor | undefined,
  m: MlpActivations,
  p: LayerPass<K>,
): void {
  const { hiddenSize, intermediateSize: size } = p.config;
  const { tile = "prefill" } = p;
  const { gateUp, down } = p.weights.linears;
  const rows = chunkRows(m, p.rows);
  const downLora = loraOf(p, "down", m.xaDown, m.first);
  postNorm(r, m, p);
  const gateUpLora = loraOf(p, "gateUp", m.xaGateUp, m.first);
  linearForward(r, { y: m.gateUp, x: m.normed2, ...gateUp, lora: gateUpLora, rows, tile });
  if (next && m.gateUpHalf) packHalf(r, { ...m.gateUpHalf, rows });
  swigluForward(r, { y: m.hidden, gateUp: m.gateUp, size, rows });
  if (next) {
    const y = chunkOf(m, next, hiddenSize);
    const residual = chunkOf(m, p.kept.x1, hiddenSize);
    linearForward(r, { y, x: m.hidden, ...down, lora: downLora, residual, rows, tile });
  } else if (downLora) {
    loraDown(r, { ...downLora, x: m.hidden, rows });
  }
}

export interface BackwardPass<K extends string> extends LayerPass<K> {
  lora: DecoderLora;
  /** 0 overwrites LoRA gradients (first micro-batch), 1 adds to them. */
  accumulate: Size<K>;
  /** False stops at the adapter of q|k|v. */
  inputGradient: boolean;
  /** The forward pass has just left this layer's activations in place. */
  fresh: boolean;
}

/** Backward of `layerForward`: g.dx holds the gradient of `next` and becomes that of `x`. */
export function layerBackward<K extends string>(r: Recorder<K>, g: LayerGradients, p: BackwardPass<K>): void {
  const { weights, kept: a, rows, inputGradient } = p;
  const { hiddenSize: size, intermediateSize } = p.config;
  if (!p.fresh) restoreAttention(r, p);
  for (const m of a.mlp) {
    if (!p.fresh) restoreMlp(r, m, p);
    const [dx, dNormed, x] = [chunkOf(m, g.dx, size), chunkOf(m, g.dNormed, size), chunkOf(m, a.x1, size)];
    const n = chunkRows(m, rows);
    linearBackward(r, g, p, "down", { dx: g.dHidden, dy: dx, x: m.hidden, xa: m.xaDown, chunk: m });
    swigluBackward(r, { dy: g.dHidden, gateUp: m.gateUp, size: intermediateSize, rows: n });
    linearBackward(r, g, p, "gateUp", { dx: dNormed, dy: m.gateUp, x: m.normed2, xa: m.xaGateUp, chunk: m });
    rmsNormBackward(r, { dx, dy: dNormed, x, weight: weights.postNorm, rstd: m.rstd2, size, rows: n, accumulate: 1 });
  }
  linearBackward(r, g, p, "o", { dx: g.dOut, dy: g.dx, x: a.out, xa: a.xaO });
  const { out, lse, qkv } = a;
  attentionBackward(r, { dQkv: g.dQkv, dOut: g.dOut, out, lse, delta: g.delta, qkv, ...attentionShape(p), rows });
  ropeBackward(r, { qkv: g.dQkv, ...ropeShape(p), rows });
  const norm = headNormShape(p);
  if (norm) headNormBackward(r, { ...norm, dQkv: g.dQkv });
  linearBackward(r, g, p, "qkv", { dx: g.dNormed, dy: g.dQkv, x: a.normed1, xa: a.xaQkv, skipInput: !inputGradient });
  if (inputGradient) {
    const { x, rstd1: rstd } = a;
    rmsNormBackward(r, { dx: g.dx, dy: g.dNormed, x, weight: weights.inputNorm, rstd, size, rows, accumulate: 1 });
  }
}

interface LinearTensors {
  dx: Tensor;
  dy: Tensor;
  x: Tensor;
  xa: Tensor;
  skipInput?: boolean;
  /** Where the linear belongs to the MLP. */
  chunk?: MlpActivations;
}

/** Gradients of a linear's input and of its LoRA. */
function linearBackward<K extends string>(
  r: Recorder<K>,
  g: LayerGradients,
  p: BackwardPass<K>,
  name: DecoderLinear,
  e: LinearTensors,
): void {
  const { weights, dA, dB } = p.lora[name];
  const { weight } = p.weights.linears[name];
  const { dx, dy, x, xa, chunk, skipInput = false } = e;
  const dropout = dropoutOf(p, name, chunk?.first);
  const rows = chunk ? chunkRows(chunk, p.rows) : p.rows;
  linearBackwardInput(r, { dx, dy, weight, lora: { weights, t: g.t, dropout }, rows, skipInput });
  const accumulate = chunk && chunk.first > 0 ? 1 : p.accumulate;
  loraGradients(r, { dA, dB, x, dy, xa, t: g.t, weights, dropout, accumulate, rows });
}

/** Puts x … x1 back as the forward pass had them, but for what was rounded to f16. */
function restoreAttention<K extends string>(r: Recorder<K>, p: LayerPass<K>): void {
  for (const copy of p.kept.halves) unpackHalf(r, { ...copy, rows: p.rows });
  if (p.kept.recompute) {
    attentionHalf(r, p);
    return;
  }
  if (p.kept.halves.length > 0) inputNorm(r, p);
  // Behind a norm they lie in memory that layers share.
  if (p.config.qkNorm) headsForward(r, p);
}

/** The same for the MLP of a chunk of rows. */
function restoreMlp<K extends string>(r: Recorder<K>, m: MlpActivations, p: LayerPass<K>): void {
  if (p.kept.recompute) mlpForward(r, undefined, m, p);
  if (p.kept.recompute || !m.gateUpHalf) return;
  const rows = chunkRows(m, p.rows);
  postNorm(r, m, p);
  unpackHalf(r, { ...m.gateUpHalf, rows });
  swigluForward(r, { y: m.hidden, gateUp: m.gateUp, size: p.config.intermediateSize, rows });
}
