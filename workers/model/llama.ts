/**
 * The language model: forward and, beside it, backward with respect to activations and LoRA matrices (the base is frozen, so
 * there is no dW). All rows are tokens of the micro-batch's sequences laid end to end without padding; `starts`, `ends` and
 * `positions` keep them apart. transformers: models/llama/modeling_llama.py, models/mistral/modeling_mistral.py.
 */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import type { Recorder, Size } from "../gpu/program.ts";
import { attentionBackward, attentionForward } from "../kernels/attention.ts";
import { linearBackwardInput, linearForward, loraDown } from "../kernels/linear.ts";
import { type LoraDropout, loraGradients } from "../kernels/lora.ts";
import { rmsNormBackward, rmsNormForward } from "../kernels/rms-norm.ts";
import { ropeBackward, ropeForward } from "../kernels/rope.ts";
import { swigluBackward, swigluForward } from "../kernels/swiglu.ts";
import { qkvSize, type TextConfig } from "./config.ts";
import { dropoutSites, type LayerLora, type PassDropout } from "./lora.ts";
import type { LlamaLayerWeights } from "./weights.ts";

/** What one layer's forward leaves for its backward. [rows, …] */
export interface LayerActivations {
  x: Tensor;
  normed1: Tensor;
  rstd1: Tensor;
  xaQkv: Tensor;
  /** q|k|v after RoPE; in chat it is this layer's KV cache. */
  qkv: Tensor;
  out: Tensor;
  lse: Tensor;
  xaO: Tensor;
  x1: Tensor;
  normed2: Tensor;
  rstd2: Tensor;
  xaGateUp: Tensor;
  gateUp: Tensor;
  hidden: Tensor;
  xaDown: Tensor;
}

/** Scratch of the backward pass, shared by all layers. */
export interface LayerGradients {
  /** Gradient of the residual stream [rows, h]; every layer adds to it in place. */
  dx: Tensor;
  dNormed: Tensor;
  dQkv: Tensor;
  dOut: Tensor;
  delta: Tensor;
  dHidden: Tensor;
  dGateUp: Tensor;
  t: Tensor;
  /** With dropout: room for a masked input of any linear. */
  dropped: Tensor | undefined;
}

/**
 * keep: every layer keeps all its activations. recompute: layers keep only their input and share the rest; the backward pass
 * runs each layer's forward again (a third more work). chat: no backward; one set for all layers, but a qkv cache for each.
 */
export type ActivationPolicy = "keep" | "recompute" | "chat";

/** `rows`: tokens that fit in one pass; `cacheRows`: tokens of the qkv cache (chat), else the same. */
export function allocateActivations(
  alloc: Allocator,
  text: TextConfig,
  rank: number,
  rows: number,
  policy: ActivationPolicy,
  cacheRows = rows,
): { layers: LayerActivations[]; last: Tensor } {
  const h = text.hiddenSize;
  const f = text.intermediateSize;
  const heads = text.numHeads;
  const t = (name: string, width: number, r = rows): Tensor => alloc.tensor(`activations/${name}`, r * width);
  const make = (n: number, shared?: LayerActivations): LayerActivations => ({
    x: policy === "chat" && shared ? shared.x : t(`x.${n}`, h),
    qkv: policy === "recompute" && shared ? shared.qkv : t(`qkv.${n}`, qkvSize(text), cacheRows),
    normed1: shared?.normed1 ?? t(`normed1.${n}`, h),
    rstd1: shared?.rstd1 ?? t(`rstd1.${n}`, 1),
    xaQkv: shared?.xaQkv ?? t(`xaQkv.${n}`, 3 * rank),
    out: shared?.out ?? t(`out.${n}`, heads * text.headSize),
    lse: shared?.lse ?? t(`lse.${n}`, heads),
    xaO: shared?.xaO ?? t(`xaO.${n}`, rank),
    x1: shared?.x1 ?? t(`x1.${n}`, h),
    normed2: shared?.normed2 ?? t(`normed2.${n}`, h),
    rstd2: shared?.rstd2 ?? t(`rstd2.${n}`, 1),
    xaGateUp: shared?.xaGateUp ?? t(`xaGateUp.${n}`, 2 * rank),
    gateUp: shared?.gateUp ?? t(`gateUp.${n}`, 2 * f),
    hidden: shared?.hidden ?? t(`hidden.${n}`, f),
    xaDown: shared?.xaDown ?? t(`xaDown.${n}`, rank),
  });
  const first = make(0);
  const layers = [first];
  for (let n = 1; n < text.numLayers; n++) layers.push(make(n, policy === "keep" ? undefined : first));
  return { layers, last: policy === "chat" ? first.x : t("x.last", h) };
}

export function allocateGradients(
  alloc: Allocator,
  text: TextConfig,
  rank: number,
  rows: number,
  dropout = false,
): LayerGradients {
  const t = (name: string, width: number): Tensor => alloc.tensor(`backward/${name}`, rows * width);
  return {
    dx: t("dx", text.hiddenSize),
    dNormed: t("dNormed", text.hiddenSize),
    dQkv: t("dQkv", qkvSize(text)),
    dOut: t("dOut", text.numHeads * text.headSize),
    delta: t("delta", text.numHeads),
    dHidden: t("dHidden", text.intermediateSize),
    dGateUp: t("dGateUp", 2 * text.intermediateSize),
    t: t("t", 3 * rank),
    dropped: dropout
      ? t("dropped", Math.max(text.hiddenSize, text.numHeads * text.headSize, text.intermediateSize))
      : undefined,
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
  /** Rows already in the qkv cache (chat); 0 in training. */
  past?: Size;
  tile?: "prefill" | "decode";
  /** Number of the layer, and dropout in training. */
  layer?: number;
  dropout?: PassDropout | undefined;
}

const sites: (keyof LayerLora)[] = ["qkv", "o", "gateUp", "down"];

const dropoutOf = (o: PassOptions, linear: keyof LayerLora): LoraDropout | undefined =>
  o.dropout && { ...o.dropout, site: dropoutSites.language + (o.layer ?? 0) * sites.length + sites.indexOf(linear) };

/** One layer, x -> next. `next` undefined stops before the down projection's wide half: all that recomputation needs. */
export function layerForward(
  r: Recorder,
  next: Tensor | undefined,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora | undefined,
  o: PassOptions,
): void {
  const { text, tokens, rows, past = 0, tile = "prefill" } = o;
  const { hiddenSize: size, rmsNormEps: eps, numHeads: heads, numKvHeads: kvHeads, headSize } = text;
  const lora = (linear: keyof LayerLora, xa: Tensor) =>
    adapter && { weights: adapter[linear].weights, xa, dropout: dropoutOf(o, linear) };
  rmsNormForward(r, { y: a.normed1, x: a.x, weight: w.inputNorm, rstd: a.rstd1, size, eps, rows });
  linearForward(r, {
    y: a.qkv,
    x: a.normed1,
    weight: w.qkv,
    lora: lora("qkv", a.xaQkv),
    rows,
    yRow: past,
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
    past,
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
    past,
    ...(tile === "decode" ? { tile } : {}),
  });
  linearForward(r, { y: a.x1, x: a.out, weight: w.o, lora: lora("o", a.xaO), residual: a.x, rows, tile });
  rmsNormForward(r, { y: a.normed2, x: a.x1, weight: w.postNorm, rstd: a.rstd2, size, eps, rows });
  linearForward(r, {
    y: a.gateUp,
    x: a.normed2,
    weight: w.gateUp,
    lora: lora("gateUp", a.xaGateUp),
    rows,
    tile,
  });
  swigluForward(r, { y: a.hidden, gateUp: a.gateUp, size: text.intermediateSize, rows });
  if (!next) {
    const down = lora("down", a.xaDown);
    if (down) loraDown(r, { ...down, x: a.hidden, rows });
    return;
  }
  linearForward(r, {
    y: next,
    x: a.hidden,
    weight: w.down,
    lora: lora("down", a.xaDown),
    residual: a.x1,
    rows,
    tile,
  });
}

/**
 * Backward of `layerForward`: g.dx holds the gradient of `next` and becomes that of `x`; LoRA gradients are overwritten when
 * `accumulate` is 0 (first micro-batch) and added to when it is 1. `inputGradient` false stops at the adapter of q|k|v.
 */
export function layerBackward(
  r: Recorder,
  g: LayerGradients,
  a: LayerActivations,
  w: LlamaLayerWeights,
  adapter: LayerLora,
  o: PassOptions & { accumulate: Size; inputGradient: boolean },
): void {
  const { text, tokens, rows, accumulate } = o;
  const { hiddenSize: size, numHeads: heads, numKvHeads: kvHeads, headSize } = text;
  const linear = (
    name: keyof LayerLora,
    weight: LlamaLayerWeights["qkv"],
    dx: Tensor,
    dy: Tensor,
    x: Tensor,
    xa: Tensor,
    skipInput = false,
  ): void => {
    const { weights, dA, dB } = adapter[name];
    const dropout = dropoutOf(o, name);
    linearBackwardInput(r, { dx, dy, weight, lora: { weights, t: g.t, dropout }, rows, skipInput });
    loraGradients(r, { dA, dB, x, dy, xa, t: g.t, weights, dropout, accumulate, rows });
  };
  linear("down", w.down, g.dHidden, g.dx, a.hidden, a.xaDown);
  swigluBackward(r, { dGateUp: g.dGateUp, dy: g.dHidden, gateUp: a.gateUp, size: text.intermediateSize, rows });
  linear("gateUp", w.gateUp, g.dNormed, g.dGateUp, a.normed2, a.xaGateUp);
  rmsNormBackward(r, {
    dx: g.dx,
    dy: g.dNormed,
    x: a.x1,
    weight: w.postNorm,
    rstd: a.rstd2,
    size,
    rows,
    accumulate: 1,
  });
  linear("o", w.o, g.dOut, g.dx, a.out, a.xaO);
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
  linear("qkv", w.qkv, g.dNormed, g.dQkv, a.normed1, a.xaQkv, !o.inputGradient);
  if (o.inputGradient) {
    rmsNormBackward(r, {
      dx: g.dx,
      dy: g.dNormed,
      x: a.x,
      weight: w.inputNorm,
      rstd: a.rstd1,
      size,
      rows,
      accumulate: 1,
    });
  }
}
