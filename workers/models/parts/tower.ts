/**
 * The vision tower: normalised tiles -> features, and, where LoRA is on it, the way back to its matrices (the patch embedding stays
 * frozen, so nothing goes further than the first layer's q|k|v).
 * More than 300 lines, because a layer's forward is to be read beside its backward.
 * transformers: models/clip/modeling_clip.py (`pre_layrnorm` is its spelling), models/siglip/modeling_siglip.py; of pictures at free
 * size, whose tiles see each other, models/qwen3_vl/modeling_qwen3_vl.py.
 */
import { type Allocator, oneBehindTheOther, type Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { sharedMemory } from "../../gpu/shared-memory.ts";
import { geluBackward, geluForward } from "../../kernels/activation/gelu.ts";
import { attentionBackward, attentionForward } from "../../kernels/attention/attention.ts";
import { ropeBackward, ropeForward } from "../../kernels/attention/rope.ts";
import { linearForward, loraDown } from "../../kernels/linear/linear.ts";
import { layerNormBackward, layerNormForward } from "../../kernels/norm/layer-norm.ts";
import {
  dropClassBackward,
  dropClassForward,
  patchesForward,
  visionTokensForward,
} from "../../kernels/picture/patch.ts";
import { blendRows } from "../../kernels/rows/blend.ts";
import { copyRows } from "../../kernels/rows/copy.ts";
import { CHUNK_STEP, chunkOf, chunkRows, type RowChunk } from "../activations.ts";
import {
  clipModules,
  patchesPerTile,
  patchValues,
  positionTableRows,
  type TowerConfig,
  tokensPerTile,
  towerRowsPerTile,
} from "../config.ts";
import { TOWER, towerLayer } from "../names.ts";
import type { AffineWeight, NormWeight, WeightBuilder } from "../weight-builder.ts";
import type { FusedLinear, Linears } from "./linears.ts";
import {
  type AdaptedLinear,
  adapted,
  adaptedBackward,
  dropoutAt,
  dropoutSites,
  type LoraLinear,
  type PassDropout,
} from "./lora.ts";
import { allocatePlaces, type PlaceTensors } from "./picture-places.ts";

export type TowerLinear = "qkv" | "out" | "fc1" | "fc2";

export interface TowerLayerWeights {
  norm1: NormWeight;
  norm2: NormWeight;
  linears: Record<TowerLinear, AffineWeight>;
}

export interface TowerWeights {
  classEmbedding: Tensor | undefined;
  positionEmbedding: Tensor;
  patch: AffineWeight;
  preNorm: NormWeight | undefined;
  postNorm: NormWeight | undefined;
  /** Of the layers that are run. */
  layers: TowerLayerWeights[];
}

/** LoRA of one layer. */
export type TowerLora = Record<TowerLinear, LoraLinear>;

/** The linears of a layer. */
export function towerLinears({
  hiddenSize: c,
  intermediateSize: f,
  modules: m = clipModules,
}: Pick<TowerConfig, "hiddenSize" | "intermediateSize" | "modules">): Linears<TowerLinear> {
  const linear = (inSize: number, ...parts: FusedLinear["parts"]): FusedLinear => ({ inSize, parts, bias: true });
  return {
    qkv: linear(c, ...m.qkv.map((module) => [module, (3 * c) / m.qkv.length] as const)),
    out: linear(c, [m.out, c]),
    fc1: linear(c, [m.fc1, f]),
    fc2: linear(f, [m.fc2, c]),
  };
}

export function towerWeights(build: WeightBuilder, c: TowerConfig): TowerWeights {
  const size = c.hiddenSize;
  const embeddings = `${TOWER}.embeddings`;
  const patch = `${embeddings}.patch_embedding`;
  return {
    classEmbedding: c.classToken === "none" ? undefined : build.vector(`${embeddings}.class_embedding`, [size]),
    positionEmbedding: build.vector(
      `${embeddings}.position_embedding.weight`,
      [positionTableRows(c), size],
      c.positionRows,
    ),
    patch: {
      weight: build.matrix("patch_embedding", [[patch, size]], patchValues(c), false),
      bias: c.patchBias ? build.vector(`${patch}.bias`, [size]) : undefined,
    },
    preNorm: c.preNorm ? build.layerNorm(`${TOWER}.pre_layrnorm`, size) : undefined,
    layers: Array.from({ length: c.layersUsed }, (_, n) => towerLayerWeights(build, c, n)),
    postNorm: c.postNorm ? build.layerNorm(`${TOWER}.post_layernorm`, size) : undefined,
  };
}

/** Its halves are blocks: while no picture is seen, their memory can be lent (gpu/lent-memory.ts). */
function towerLayerWeights(build: WeightBuilder, c: TowerConfig, n: number): TowerLayerWeights {
  const base = towerLayer(n);
  const linears = towerLinears(c);
  const { norm1: attentionNorm, norm2: mlpNorm } = c.modules ?? clipModules;
  const half = <K extends TowerLinear>(within: WeightBuilder, norm: string, names: readonly K[]) => ({
    norm: within.layerNorm(`${base}.${norm}`, c.hiddenSize),
    ...(Object.fromEntries(
      names.map((name) => [name, within.linear(base, name, linears[name], "vision_tower")]),
    ) as Record<K, AffineWeight>),
  });
  const { norm: norm1, ...first } = build.together(`${base}.attention`, (b) => half(b, attentionNorm, ["qkv", "out"]));
  const { norm: norm2, ...second } = build.together(`${base}.mlp`, (b) => half(b, mlpNorm, ["fc1", "fc2"]));
  return { norm1, linears: { ...first, ...second }, norm2 };
}

/** LayerNorm's output and what its backward needs. */
interface Normed {
  y: Tensor;
  mean: Tensor;
  rstd: Tensor;
}

/** What one layer's forward leaves for its backward. [rows, …]; rows are the tokens of all tiles. */
export interface TowerLayerActivations {
  x: Tensor;
  normed1: Normed;
  xaQkv: Tensor;
  qkv: Tensor;
  /** Without a backward the memory of normed1, which nobody reads any more. */
  out: Tensor;
  lse: Tensor;
  xaOut: Tensor;
  x1: Tensor;
  /** Without a backward the memory of normed1. */
  normed2: Normed;
  /** The MLP's rows: in parts where no backward follows, each in the same memory; else all at once. */
  chunks: RowChunk[];
  /** From here on of a chunk. */
  xaFc1: Tensor;
  fc1: Tensor;
  /** GELU of fc1; the same tensor where there is no backward. */
  hidden: Tensor;
  xaFc2: Tensor;
}

/** Scratch of the backward pass, shared by all layers. */
export interface TowerGradients {
  dFeatures: Tensor;
  dx: Tensor;
  dNormed: Tensor;
  dQkv: Tensor;
  dOut: Tensor;
  delta: Tensor;
  dHidden: Tensor;
  dFc1: Tensor;
  t: Tensor;
  /** With dropout: room for a masked input of any linear here, and of `droppedLeast` values. */
  dropped: Tensor | undefined;
}

/** Buffers of one pass over at most so many tiles. */
export interface TowerActivations {
  /** Layers keep only their input, and run forward a second time in the backward pass. */
  recompute: boolean;
  /** f32 [tiles, 3, S, S] */
  pixels: Tensor;
  patches: Tensor;
  embedded: Tensor;
  /** What the norm in front of the first layer takes, where there is one. */
  unnormed: Tensor | undefined;
  layers: TowerLayerActivations[];
  last: Tensor;
  /** `last` behind the norm that follows it, where one does. */
  normedLast: Normed | undefined;
  /** [tiles * towerRowsPerTile, C]: what the connector takes. */
  features: Tensor;
  starts: Tensor;
  ends: Tensor;
  /** Of pictures at free size: to be written before each pass, like `starts` and `ends`. */
  places: PlaceTensors | undefined;
  /** None while the tower is frozen. */
  gradients: TowerGradients | undefined;
}

export interface TowerCapacity {
  tiles: number;
  /** Of LoRA on the tower; 0 for none. */
  rank: number;
  /** What the backward pass finds: none follows, everything, or each layer's input. f32 either way: passes are short. */
  backward: "none" | "keep" | "recompute";
  dropout: boolean;
  /** Values that `dropped` has room for at least. */
  droppedLeast: number;
}

/** What comes one after the other where no backward follows: before the layers, within them, between and behind them. */
export const towerPhases = ["patches", "layers", "features"] as const;
/** What comes in turns within the layers. `kept` is read in both. */
const layerHalves = ["attention", "mlp"] as const;

/** Rows of an MLP chunk: with the residual stream beside them they take about what q|k|v took before. */
function mlpChunk({ hiddenSize: c, intermediateSize: f }: TowerConfig, rows: number): number {
  const chunks = Math.ceil(f / (2 * c));
  return Math.min(rows, Math.ceil(rows / chunks / CHUNK_STEP) * CHUNK_STEP);
}

type TowerBorders = Pick<TowerActivations, "starts" | "ends" | "places">;

/** Which rows see each other, and of pictures at free size where they are. To be written once, with `tileBorders`, else with `placesOf`. */
export function allocateBorders(alloc: Allocator, config: TowerConfig, tiles: number): TowerBorders {
  const rows = tiles * tokensPerTile(config);
  const { freeSize } = config;
  return {
    starts: alloc.tensor("vision/starts", rows),
    ends: alloc.tensor("vision/ends", rows),
    places: freeSize && allocatePlaces(alloc, { ...config, freeSize }, tiles),
  };
}

/** `phases`: where what only one of them needs comes from. */
export function allocateTower(
  alloc: Allocator,
  config: TowerConfig,
  capacity: TowerCapacity,
  {
    borders = allocateBorders(alloc, config, capacity.tiles),
    phases = { patches: alloc, layers: alloc, features: alloc },
  }: {
    borders?: TowerBorders;
    phases?: Record<(typeof towerPhases)[number], Allocator>;
  } = {},
): TowerActivations {
  const { hiddenSize: c, intermediateSize: f, numHeads: heads } = config;
  const { tiles, rank, dropout, droppedLeast } = capacity;
  const patches = tiles * patchesPerTile(config);
  const rows = tiles * tokensPerTile(config);
  const backward = capacity.backward !== "none";
  const ownLayers = capacity.backward === "keep";
  const t = (name: string, length: number, from = alloc): Tensor => from.tensor(`vision/${name}`, length);
  const norm = (name: string, from = alloc): Normed => ({
    y: t(name, rows * c, from),
    mean: t(`${name}.mean`, rows),
    rstd: t(`${name}.rstd`, rows),
  });
  type Layer = Omit<TowerLayerActivations, "x">;
  const chunksOf = (step: number): RowChunk[] =>
    Array.from({ length: Math.ceil(rows / step) }, (_, i) => ({
      first: i * step,
      rows: Math.min(step, rows - i * step),
    }));
  /** Each tensor for itself: a backward reads them all. */
  const whole = (n: number): Layer => ({
    normed1: norm(`normed1.${n}`),
    xaQkv: t(`xaQkv.${n}`, rows * 3 * rank),
    qkv: t(`qkv.${n}`, rows * 3 * c),
    out: t(`out.${n}`, rows * c),
    lse: t(`lse.${n}`, rows * heads),
    xaOut: t(`xaOut.${n}`, rows * rank),
    x1: t(`x1.${n}`, rows * c),
    normed2: norm(`normed2.${n}`),
    chunks: chunksOf(rows),
    xaFc1: t(`xaFc1.${n}`, rows * rank),
    fc1: t(`fc1.${n}`, rows * f),
    hidden: t(`hidden.${n}`, rows * f),
    xaFc2: t(`xaFc2.${n}`, rows * rank),
  });
  /** All that layers need between their input and their output, which may be one tensor. */
  const lean = (): Layer =>
    sharedMemory(phases.layers, layerHalves, ({ attention, mlp, kept }) => {
      const step = mlpChunk(config, rows);
      const normed = norm("normed", kept);
      // In one buffer: no dispatch writes one of the two and reads the other.
      const [x1, fc1] = oneBehindTheOther(mlp, "vision/x1 and fc1", [rows * c, step * f]) as [Tensor, Tensor];
      return {
        ...{ normed1: normed, out: normed.y, normed2: normed, chunks: chunksOf(step), x1, fc1, hidden: fc1 },
        xaQkv: t("xaQkv", rows * 3 * rank, attention),
        qkv: t("qkv", rows * 3 * c, attention),
        lse: t("lse", rows * heads, attention),
        // The dispatch that writes x1 reads it.
        xaOut: t("xaOut", rows * rank, kept),
        xaFc1: t("xaFc1", step * rank, mlp),
        xaFc2: t("xaFc2", step * rank, mlp),
      };
    });
  const first: TowerLayerActivations = { x: t("x.0", rows * c), ...(backward ? whole(0) : lean()) };
  const layers = [first];
  for (let n = 1; n < config.layersUsed; n++) {
    const x = backward ? t(`x.${n}`, rows * c) : first.x;
    layers.push(ownLayers ? { x, ...whole(n) } : { ...first, x });
  }
  const features = tiles * towerRowsPerTile(config) * c;
  const last = backward ? t("x.last", rows * c) : first.x;
  const normedLast = config.postNorm ? norm("normedLast", phases.features) : undefined;
  return {
    recompute: capacity.backward === "recompute",
    pixels: t("pixels", tiles * 3 * config.imageSize ** 2, phases.patches),
    patches: t("patches", patches * patchValues(config), phases.patches),
    embedded: t("embedded", config.freeSize ? 0 : patches * c, phases.patches),
    // With a backward x1 is free until its layer runs; without one it is not there yet.
    unnormed: config.preNorm ? (backward ? first.x1 : t("unnormed", rows * c, phases.patches)) : undefined,
    layers,
    last,
    normedLast,
    // Without a class token every row is a feature.
    features: config.classToken === "none" ? (normedLast?.y ?? last) : t("features", features, phases.features),
    ...borders,
    gradients: backward
      ? {
          dFeatures: t("dTower", features),
          dx: t("dx", rows * c),
          dNormed: t("dNormed", rows * c),
          dQkv: t("dQkv", rows * 3 * c),
          dOut: t("dOut", rows * c),
          delta: t("delta", rows * heads),
          dHidden: t("dHidden", rows * f),
          dFc1: t("dFc1", rows * f),
          t: t("t", rows * 3 * rank),
          dropped: dropout ? t("dropped", Math.max(rows * c, rows * f, droppedLeast)) : undefined,
        }
      : undefined,
  };
}

/** First and one-past-last row of each token's tile, for `starts` and `ends`: every tile attends to itself. */
export function tileBorders(config: TowerConfig, tiles: number): { starts: Uint32Array; ends: Uint32Array } {
  const length = tokensPerTile(config);
  const starts = Uint32Array.from({ length: tiles * length }, (_, i) => Math.floor(i / length) * length);
  return { starts, ends: starts.map((s) => s + length) };
}

/** One pass. `tiles` is how many of the tiles are used. */
export interface TowerPass<K extends string> {
  config: TowerConfig;
  weights: TowerWeights;
  kept: TowerActivations;
  /** LoRA of the layers that are run. */
  lora: TowerLora[] | undefined;
  /** The gradients of LoRA, by layer: the way back has a point behind each. */
  grads?: readonly Tensor[] | undefined;
  tiles: Size<K>;
  /** Pairs of rows that see each other, and pictures, where tiles of one see each other; absent: every tile sees itself. */
  pairs?: Size<K> | undefined;
  pictures?: Size<K> | undefined;
  /** In training; dims: step, firstTile. */
  dropout: PassDropout<K> | undefined;
}

/** What becomes of the output of a layer besides; on the way back, what adds to the gradient of that output. */
export type Tapped = (layer: number, rows: Tensor) => void;

const times =
  <K extends string>(size: Size<K>, factor: number): Size<K> =>
  (d) =>
    evaluate(size, d) * factor;
const tokenRows = <K extends string>({ config, tiles }: TowerPass<K>): Size<K> => times(tiles, tokensPerTile(config));

/** The adapter on layer `n`. */
function layerLora<K extends string>(p: TowerPass<K>, n: number): Record<TowerLinear, AdaptedLinear<K>> | undefined {
  const layer = p.lora?.[n];
  if (!layer) return undefined;
  const perTile = tokensPerTile(p.config);
  const at = (linear: TowerLinear, place: number): AdaptedLinear<K> => ({
    ...layer[linear],
    dropout: dropoutAt(p.dropout, dropoutSites.vision + 4 * n + place, perTile),
  });
  return { qkv: at("qkv", 0), out: at("out", 1), fc1: at("fc1", 2), fc2: at("fc2", 3) };
}

function normForward<K extends string>(r: Recorder<K>, p: TowerPass<K>, x: Tensor, n: NormWeight, to: Normed): void {
  const { hiddenSize: size, layerNormEps: eps } = p.config;
  layerNormForward(r, { ...to, x, weight: n.weight, bias: n.bias, size, eps, rows: tokenRows(p) });
}

function attentionShape<K extends string>({ config, kept: { starts, ends }, tiles, pairs: given }: TowerPass<K>) {
  const { numHeads: heads, hiddenSize } = config;
  const pairs = given ?? times(tiles, tokensPerTile(config) ** 2);
  return { heads, kvHeads: heads, headSize: hiddenSize / heads, causal: false, starts, ends, pairs };
}

/** Turns query and key of `qkv` by the places of their patches; undefined where nothing is turned. */
function rotary<K extends string>({ config, kept, ...pass }: TowerPass<K>, qkv: Tensor) {
  const { places } = kept;
  if (!places) return undefined;
  const { numHeads: heads, hiddenSize } = config;
  const { positions, rotary: table } = places;
  const rows = tokenRows({ config, kept, ...pass });
  return { qkv, positions, table, axes: 2, heads, kvHeads: heads, headSize: hiddenSize / heads, rows };
}

/** One layer, x -> next. `next` undefined stops before the last linear's wide half: all that recomputation needs. */
function towerLayerForward<K extends string>(
  r: Recorder<K>,
  next: Tensor | undefined,
  n: number,
  p: TowerPass<K>,
): void {
  const a = p.kept.layers[n]!;
  const { norm1, norm2, linears: w } = p.weights.layers[n]!;
  const l = layerLora(p, n);
  const rows = tokenRows(p);
  const { activation: kind, intermediateSize, hiddenSize: size } = p.config;
  normForward(r, p, a.x, norm1, a.normed1);
  linearForward(r, { y: a.qkv, x: a.normed1.y, ...w.qkv, lora: adapted(l?.qkv, a.xaQkv), rows });
  const turned = rotary(p, a.qkv);
  if (turned) ropeForward(r, turned);
  const span = p.config.freeSize ? { sequences: p.pictures ?? p.tiles } : tokensPerTile(p.config);
  attentionForward(r, { out: a.out, lse: a.lse, qkv: a.qkv, rows, span, ...attentionShape(p) });
  linearForward(r, { y: a.x1, x: a.out, ...w.out, lora: adapted(l?.out, a.xaOut), rows, residual: a.x });
  normForward(r, p, a.x1, norm2, a.normed2);
  // Dropout counts rows from the first, which is right: where it acts a backward follows, and all rows are one chunk.
  for (const m of a.chunks) {
    const own = chunkRows(m, rows);
    const x = chunkOf(m, a.normed2.y, size);
    linearForward(r, { y: a.fc1, x, ...w.fc1, lora: adapted(l?.fc1, a.xaFc1), rows: own });
    geluForward(r, { y: a.hidden, x: a.fc1, kind, count: times(own, intermediateSize) });
    if (next) {
      const [y, residual] = [chunkOf(m, next, size), chunkOf(m, a.x1, size)];
      linearForward(r, { y, x: a.hidden, ...w.fc2, lora: adapted(l?.fc2, a.xaFc2), rows: own, residual });
    } else if (l) loraDown(r, { ...l.fc2, xa: a.xaFc2, x: a.hidden, rows: own });
  }
}

/** kept.pixels -> the first layer's input. */
function embedPatches<K extends string>(r: Recorder<K>, p: TowerPass<K>): void {
  const { config, weights: w, kept, tiles: images } = p;
  const { imageSize, patchSize, hiddenSize: size, frames = 1 } = config;
  const patchesPerImage = patchesPerTile(config);
  const rows = times(images, patchesPerImage);
  const first = kept.layers[0]!;
  const tokens = kept.unnormed ?? first.x;
  patchesForward(r, { y: kept.patches, pixels: kept.pixels, imageSize, patchSize, frames, images });
  if (kept.places) {
    linearForward(r, { y: tokens, x: kept.patches, ...w.patch, rows });
    blendRows(r, { y: tokens, x: w.positionEmbedding, table: kept.places.taps, size, rows, accumulate: true });
  } else {
    linearForward(r, { y: kept.embedded, x: kept.patches, ...w.patch, rows });
    visionTokensForward(r, {
      ...{ y: tokens, patches: kept.embedded, size, patchesPerImage, images },
      ...{ classEmbedding: w.classEmbedding, positionEmbedding: w.positionEmbedding },
    });
  }
  if (w.preNorm) normForward(r, p, tokens, w.preNorm, { ...first.normed1, y: first.x });
}

/** kept.pixels -> kept.features. `tapped` records what is made of a layer's output, which does not last. */
export function towerForward<K extends string>(r: Recorder<K>, p: TowerPass<K>, tapped?: Tapped): void {
  const { config, weights: w, kept, tiles: images } = p;
  const { hiddenSize: size } = config;
  const patchesPerImage = patchesPerTile(config);
  const rows = tokenRows(p);
  embedPatches(r, p);
  r.point("the patches of its pictures", kept.layers[0]!.x, times(rows, size));
  kept.layers.forEach((_, n) => {
    const output = kept.layers[n + 1]?.x ?? kept.last;
    towerLayerForward(r, output, n, p);
    r.point(`layer ${n + 1} of the vision tower`, output, times(rows, size));
    tapped?.(n, output);
  });
  const { normedLast } = kept;
  if (normedLast) normForward(r, p, kept.last, w.postNorm!, normedLast);
  const output = normedLast?.y ?? kept.last;
  if (config.classToken === "kept") copyRows(r, { y: kept.features, x: output, size, rows });
  else if (config.classToken === "dropped")
    dropClassForward(r, { y: kept.features, x: output, size, patchesPerImage, images });
  r.point("what the vision tower gives", kept.features, times(images, towerRowsPerTile(config) * size));
}

/** Backward of `towerForward` from `kept.gradients.dFeatures`. LoRA gradients are added to. `tapped` adds to what it is given. */
export function towerBackward<K extends string>(r: Recorder<K>, p: TowerPass<K>, tapped?: Tapped): void {
  const { config, kept, tiles: images } = p;
  const { hiddenSize: size, intermediateSize, activation: kind } = config;
  const g = kept.gradients!;
  const rows = tokenRows(p);
  const { normedLast } = kept;
  const dOutput = normedLast ? g.dNormed : g.dx;
  if (config.classToken !== "dropped") copyRows(r, { y: dOutput, x: g.dFeatures, size, rows });
  else dropClassBackward(r, { dx: dOutput, dy: g.dFeatures, size, patchesPerImage: patchesPerTile(config), images });
  if (normedLast) {
    const { weight } = p.weights.postNorm!;
    const { mean, rstd } = normedLast;
    layerNormBackward(r, { dx: g.dx, dy: dOutput, x: kept.last, weight, mean, rstd, size, rows, accumulate: 0 });
  }
  for (let n = kept.layers.length - 1; n >= 0; n--) {
    const a = kept.layers[n]!;
    const { norm1, norm2, linears: w } = p.weights.layers[n]!;
    const l = layerLora(p, n)!;
    /** Gradient of a LayerNorm's input, added to that of the residual stream. */
    const normBackward = (x: Tensor, { weight }: NormWeight, { mean, rstd }: Normed): void =>
      layerNormBackward(r, { dx: g.dx, dy: g.dNormed, x, weight, mean, rstd, size, rows, accumulate: 1 });
    tapped?.(n, g.dx);
    if (kept.recompute && n < kept.layers.length - 1) towerLayerForward(r, undefined, n, p);
    adaptedBackward(r, l.fc2, w.fc2, { dx: g.dHidden, dy: g.dx, x: a.hidden, xa: a.xaFc2, t: g.t, rows });
    geluBackward(r, { dx: g.dFc1, dy: g.dHidden, x: a.fc1, kind, count: times(rows, intermediateSize) });
    adaptedBackward(r, l.fc1, w.fc1, { dx: g.dNormed, dy: g.dFc1, x: a.normed2.y, xa: a.xaFc1, t: g.t, rows });
    normBackward(a.x1, norm2, a.normed2);
    adaptedBackward(r, l.out, w.out, { dx: g.dOut, dy: g.dx, x: a.out, xa: a.xaOut, t: g.t, rows });
    const { out, lse, qkv } = a;
    attentionBackward(r, { dQkv: g.dQkv, dOut: g.dOut, out, lse, delta: g.delta, qkv, rows, ...attentionShape(p) });
    const turned = rotary(p, g.dQkv);
    if (turned) ropeBackward(r, turned);
    const dNormed = n > 0 ? g.dNormed : undefined;
    adaptedBackward(r, l.qkv, w.qkv, { dx: dNormed, dy: g.dQkv, x: a.normed1.y, xa: a.xaQkv, t: g.t, rows });
    const grad = p.grads?.[n];
    if (grad) r.point(`the gradient of LoRA's matrices in layer ${n + 1} of the vision tower`, grad, grad.length);
    if (n === 0) continue;
    normBackward(a.x, norm1, a.normed1);
    r.point(`the gradient of layer ${n + 1} of the vision tower`, g.dx, times(rows, size));
  }
}

/** FLOPs of a forward pass over one tile that sees itself, or, at free size, a picture of so many tiles; two a multiply-add. */
export function towerFlops(c: TowerConfig, pictureTiles = 1): number {
  const perLayer = 4 * c.hiddenSize ** 2 + 2 * c.hiddenSize * c.intermediateSize;
  const attention = 2 * c.hiddenSize * patchesPerTile(c) * (c.freeSize ? pictureTiles : 1);
  return tokensPerTile(c) * (2 * c.layersUsed * (perLayer + attention) + 2 * c.hiddenSize * patchValues(c));
}
