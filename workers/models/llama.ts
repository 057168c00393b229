/**
 * The language model: forward and, beside it, backward with respect to activations and LoRA matrices (the base is frozen, so
 * there is no dW). All rows are tokens of the micro-batch's sequences laid end to end without padding; `starts`, `ends` and
 * `positions` keep them apart. transformers: models/llama/modeling_llama.py, models/mistral/modeling_mistral.py.
 */
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../gpu/program.ts";
import { swigluBackward, swigluForward } from "../kernels/activation/swiglu.ts";
import { attentionBackward, attentionForward } from "../kernels/attention/attention.ts";
import { ropeBackward, ropeForward } from "../kernels/attention/rope.ts";
import { linearBackwardInput, linearForward, loraDown } from "../kernels/linear/linear.ts";
import { type LoraDropout, loraGradients } from "../kernels/linear/lora.ts";
import { rmsNormBackward, rmsNormForward } from "../kernels/norm/rms-norm.ts";
import { packHalf, unpackHalf } from "../kernels/rows/half.ts";
import { type LayerActivations, type MlpActivations, mlpChunkRows } from "./activations.ts";
import { qkvSize, type TextConfig } from "./config.ts";
import { dropoutSites, type LayerLora, type PassDropout } from "./lora.ts";
import type { LlamaLayerWeights } from "./weights.ts";

/** Scratch of the backward pass, shared by all layers. */
export interface LayerGradients {
  /** Gradient of the residual stream [rows, h]; every layer adds to it in place. */
  dx: Tensor;
  dNormed: Tensor;
  dQkv: Tensor;
  /** The same memory as dNormed: neither is needed while the other is. */
  dOut: Tensor;
  delta: Tensor;
  /** Of an MLP chunk. */
  dHidden: Tensor;
  dGateUp: Tensor;
  t: Tensor;
  /** With dropout: room for a masked input of any linear. */
  dropped: Tensor | undefined;
}

export function allocateGradients(
  alloc: Allocator,
  text: TextConfig,
  rank: number,
  rows: number,
  dropout = false,
  step = mlpChunkRows(text, rows),
): LayerGradients {
  const { hiddenSize, intermediateSize, numHeads, headSize } = text;
  const t = (name: string, length: number): Tensor => alloc.tensor(`backward/${name}`, length);
  const heads = numHeads * headSize;
  const chunk = Math.min(rows, step);
  const dNormed = t("dNormed", rows * Math.max(hiddenSize, heads));
  return {
    dx: t("dx", rows * hiddenSize),
    dNormed,
    dQkv: t("dQkv", rows * qkvSize(text)),
    dOut: dNormed,
    delta: t("delta", rows * numHeads),
    dHidden: t("dHidden", chunk * intermediateSize),
    dGateUp: t("dGateUp", chunk * 2 * intermediateSize),
    t: t("t", rows * 3 * rank),
    dropped: dropout ? t("dropped", Math.max(rows * Math.max(hiddenSize, heads), chunk * intermediateSize)) : undefined,
  };
}

/** Token facts of a pass; the rows of u32 buffers, written before each replay. */
export interface TokenFacts {
  starts: Tensor;
  ends: Tensor;
  positions: Tensor;
  ropeTable: Tensor;
}

export interface PassOptions {
  text: TextConfig;
  tokens: TokenFacts;
  rows: Size;
  /** Rows already in the cache (chat). */
  past?: Size;
  tile?: "prefill" | "decode";
  /** Number of the layer, and dropout in training. */
  layer?: number;
  dropout?: PassDropout | undefined;
}

const sites: (keyof LayerLora)[] = ["qkv", "o", "gateUp", "down"];

/** The mask of a linear's input, of which row 0 here is row `first` of the pass. */
function dropoutOf({ dropout, layer = 0 }: PassOptions, linear: keyof LayerLora, first = 0): LoraDropout | undefined {
  if (!dropout) return undefined;
  const site = dropoutSites.language + layer * sites.length + sites.indexOf(linear);
  return { ...dropout, site, firstRow: (d) => evaluate(dropout.firstRow, d) + first };
}

/** Rows of an MLP chunk in this replay: 0 skips its dispatches. */
const chunkRows =
  (m: MlpActivations, rows: Size): Size =>
  (d) =>
    Math.max(0, Math.min(m.rows, evaluate(rows, d) - m.first));

/** A chunk's rows of [rows, width]. */
const chunkOf = (m: MlpActivations, x: Tensor, width: number): Tensor => view(x, m.first * width, m.rows * width);

/** One layer, x -> next. */
export function layerForward(
  r: Recorder,
  next: Tensor,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora | undefined,
  o: PassOptions,
): void {
  attentionHalf(r, a, w, adapter, o);
  // Before the MLP writes to `next`: it may be the tensor of x.
  for (const copy of a.halves) packHalf(r, { ...copy, rows: o.rows });
  for (const m of a.mlp) mlpForward(r, next, a, m, w, adapter, o);
}

/** x -> x1, the residual stream behind attention. */
function attentionHalf(
  r: Recorder,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora | undefined,
  o: PassOptions,
): void {
  const { text, tokens, rows, past = 0, tile = "prefill" } = o;
  const { numHeads: heads, numKvHeads: kvHeads, headSize } = text;
  const cache = a.kv && { kv: a.kv, past };
  const lora = (linear: keyof LayerLora, xa: Tensor) =>
    adapter && { weights: adapter[linear].weights, xa, dropout: dropoutOf(o, linear) };
  inputNorm(r, a, w, o);
  linearForward(r, {
    y: a.qkv,
    x: a.normed1,
    weight: w.qkv,
    lora: lora("qkv", a.xaQkv),
    rows,
    tile,
  });
  ropeForward(r, {
    qkv: a.qkv,
    positions: tokens.positions,
    table: tokens.ropeTable,
    heads,
    kvHeads,
    headSize,
    rows,
    cache,
  });
  attentionForward(r, {
    out: a.out,
    lse: a.lse,
    qkv: a.qkv,
    starts: tokens.starts,
    ends: tokens.ends,
    heads,
    kvHeads,
    headSize,
    causal: true,
    rows,
    cache,
    ...(tile === "decode" ? { tile } : {}),
  });
  linearForward(r, { y: a.x1, x: a.out, weight: w.o, lora: lora("o", a.xaO), residual: a.x, rows, tile });
}

function inputNorm(r: Recorder, a: LayerActivations, w: LlamaLayerWeights, { text, rows }: PassOptions): void {
  const { hiddenSize: size, rmsNormEps: eps } = text;
  rmsNormForward(r, { y: a.normed1, x: a.x, weight: w.inputNorm, rstd: a.rstd1, size, eps, rows });
}

function postNorm(
  r: Recorder,
  a: LayerActivations,
  m: MlpActivations,
  w: LlamaLayerWeights,
  { text, rows }: PassOptions,
): void {
  const { hiddenSize: size, rmsNormEps: eps } = text;
  const x = chunkOf(m, a.x1, size);
  rmsNormForward(r, { y: m.normed2, x, weight: w.postNorm, rstd: m.rstd2, size, eps, rows: chunkRows(m, rows) });
}

/** A chunk of x1 -> the same rows of next. `next` undefined stops before the down projection's wide half: all that recomputation needs. */
function mlpForward(
  r: Recorder,
  next: Tensor | undefined,
  a: LayerActivations,
  m: MlpActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora | undefined,
  o: PassOptions,
): void {
  const { hiddenSize, intermediateSize } = o.text;
  const { tile = "prefill" } = o;
  const rows = chunkRows(m, o.rows);
  const lora = (linear: keyof LayerLora, xa: Tensor) =>
    adapter && { weights: adapter[linear].weights, xa, dropout: dropoutOf(o, linear, m.first) };
  postNorm(r, a, m, w, o);
  linearForward(r, { y: m.gateUp, x: m.normed2, weight: w.gateUp, lora: lora("gateUp", m.xaGateUp), rows, tile });
  if (next && m.gateUpHalf) packHalf(r, { ...m.gateUpHalf, rows });
  swigluForward(r, { y: m.hidden, gateUp: m.gateUp, size: intermediateSize, rows });
  const down = lora("down", m.xaDown);
  if (next) {
    const y = chunkOf(m, next, hiddenSize);
    const residual = chunkOf(m, a.x1, hiddenSize);
    linearForward(r, { y, x: m.hidden, weight: w.down, lora: down, residual, rows, tile });
  } else if (down) {
    loraDown(r, { ...down, x: m.hidden, rows });
  }
}

/**
 * Backward of `layerForward`: g.dx holds the gradient of `next` and becomes that of `x`; LoRA gradients are overwritten when
 * `accumulate` is 0 (first micro-batch) and added to when it is 1. `inputGradient` false stops at the adapter of q|k|v. `fresh`:
 * the forward pass has just left this layer's activations in place.
 */
export function layerBackward(
  r: Recorder,
  g: LayerGradients,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora,
  o: PassOptions & { accumulate: Size; inputGradient: boolean; fresh?: boolean },
): void {
  const { text, tokens, rows, accumulate } = o;
  const { hiddenSize: size, numHeads: heads, numKvHeads: kvHeads, headSize } = text;
  const linear = (
    name: keyof LayerLora,
    weight: LlamaLayerWeights["qkv"],
    e: { dx: Tensor; dy: Tensor; x: Tensor; xa: Tensor; skipInput?: boolean; chunk?: MlpActivations },
  ): void => {
    const { weights, dA, dB } = adapter[name];
    const { dx, dy, x, xa, chunk, skipInput = false } = e;
    const dropout = dropoutOf(o, name, chunk?.first);
    const n = chunk ? chunkRows(chunk, rows) : rows;
    linearBackwardInput(r, { dx, dy, weight, lora: { weights, t: g.t, dropout }, rows: n, skipInput });
    const added = chunk && chunk.first > 0 ? 1 : accumulate;
    loraGradients(r, { dA, dB, x, dy, xa, t: g.t, weights, dropout, accumulate: added, rows: n });
  };
  if (!o.fresh) restoreAttention(r, a, w, adapter, o);
  for (const m of a.mlp) {
    if (!o.fresh) restoreMlp(r, a, m, w, adapter, o);
    const [dx, dNormed] = [chunkOf(m, g.dx, size), chunkOf(m, g.dNormed, size)];
    const n = chunkRows(m, rows);
    linear("down", w.down, { dx: g.dHidden, dy: dx, x: m.hidden, xa: m.xaDown, chunk: m });
    swigluBackward(r, { dGateUp: g.dGateUp, dy: g.dHidden, gateUp: m.gateUp, size: text.intermediateSize, rows: n });
    linear("gateUp", w.gateUp, { dx: dNormed, dy: g.dGateUp, x: m.normed2, xa: m.xaGateUp, chunk: m });
    const x = chunkOf(m, a.x1, size);
    rmsNormBackward(r, { dx, dy: dNormed, x, weight: w.postNorm, rstd: m.rstd2, size, rows: n, accumulate: 1 });
  }
  linear("o", w.o, { dx: g.dOut, dy: g.dx, x: a.out, xa: a.xaO });
  attentionBackward(r, {
    dQkv: g.dQkv,
    dOut: g.dOut,
    out: a.out,
    lse: a.lse,
    delta: g.delta,
    qkv: a.qkv,
    starts: tokens.starts,
    ends: tokens.ends,
    heads,
    kvHeads,
    headSize,
    causal: true,
    rows,
  });
  ropeBackward(r, {
    qkv: g.dQkv,
    positions: tokens.positions,
    table: tokens.ropeTable,
    heads,
    kvHeads,
    headSize,
    rows,
  });
  linear("qkv", w.qkv, { dx: g.dNormed, dy: g.dQkv, x: a.normed1, xa: a.xaQkv, skipInput: !o.inputGradient });
  if (o.inputGradient) {
    const { x, rstd1: rstd } = a;
    rmsNormBackward(r, { dx: g.dx, dy: g.dNormed, x, weight: w.inputNorm, rstd, size, rows, accumulate: 1 });
  }
}

/** Puts x … x1 back as the forward pass had them, but for what was rounded to f16. */
function restoreAttention(
  r: Recorder,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora,
  o: PassOptions,
): void {
  for (const copy of a.halves) unpackHalf(r, { ...copy, rows: o.rows });
  if (a.recompute) attentionHalf(r, a, w, adapter, o);
  else if (a.halves.length > 0) inputNorm(r, a, w, o);
}

/** The same for the MLP of a chunk of rows. */
function restoreMlp(
  r: Recorder,
  a: LayerActivations,
  m: MlpActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora,
  o: PassOptions,
): void {
  if (a.recompute) mlpForward(r, undefined, a, m, w, adapter, o);
  if (a.recompute || !m.gateUpHalf) return;
  const rows = chunkRows(m, o.rows);
  postNorm(r, a, m, w, o);
  unpackHalf(r, { ...m.gateUpHalf, rows });
  swigluForward(r, { y: m.hidden, gateUp: m.gateUp, size: o.text.intermediateSize, rows });
}
