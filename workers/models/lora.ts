/**
 * The trainable parameters. Each block (a language-model layer, a vision layer, the projector) has one slab for its LoRA matrices,
 * and slabs of the same layout for gradients and the two Adam moments: one AdamW dispatch updates a whole block, a checkpoint copies
 * whole slabs, and PEFT names are views into them. Zero padding between matrices stays zero: its gradient is zero.
 */
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import type { LoraDropout, LoraWeights } from "../kernels/linear/lora.ts";
import type { DenseWeight } from "../kernels/linear/weight.ts";
import { moment8Words } from "../kernels/optimizer/adamw-8bit.ts";
import type { Optim } from "../recipe.ts";
import type { LlavaConfig } from "./config.ts";
import { languageModule, projectorModule, visionModule } from "./names.ts";

export interface LoraSettings {
  rank: number;
  alpha: number;
  useRslora: boolean;
  /** "all-linear" adapts the vision tower and the projector too; default "language-model". */
  targets?: "language-model" | "all-linear";
  /** The projector itself learns, in f32 and without LoRA (PEFT: modules_to_save ["multi_modal_projector"]). */
  trainProjector?: boolean;
  /** In training only. */
  dropout?: { rate: number; seed: number } | undefined;
}

/** First dropout site of each part of the model; sites count its linears. */
export const dropoutSites = { language: 0, vision: 0x10000, projector: 0x20000 } as const;

/** What a training pass knows of dropout: all but the site. dims: step, firstRow. */
export type PassDropout = Omit<LoraDropout, "site">;

export const passDropout = (settings: LoraSettings | undefined, scratch: Tensor | undefined): PassDropout | undefined =>
  settings?.dropout && scratch && { ...settings.dropout, scratch, step: (d) => d.step!, firstRow: (d) => d.firstRow! };

/** LoRA of one fused linear: matrices for the kernels, and the same places in the gradient slab. */
export interface LoraLinear {
  weights: LoraWeights;
  dA: Tensor;
  dB: Tensor;
}

export type LayerLora = Record<"qkv" | "o" | "gateUp" | "down", LoraLinear>;
export type VisionLayerLora = Record<"qkv" | "out" | "fc1" | "fc2", LoraLinear>;
export type ProjectorLora = Record<"linear1" | "linear2", LoraLinear>;

/** Of the layers that are run; those behind the feature layer have slabs and modules only. */
export interface VisionLora {
  layers: VisionLayerLora[];
  /** None where the projector is trained in full. */
  projector: ProjectorLora | undefined;
}

/** A linear that is trained in full: it takes the base's place. */
export interface TrainedLinear {
  weight: DenseWeight;
  bias: Tensor | undefined;
  dW: Tensor;
  db: Tensor | undefined;
}

export type TrainedProjector = Record<"linear1" | "linear2", TrainedLinear>;

/** A tensor that is trained in full, as a range of its block's slab, in words. */
export interface TrainedTensor {
  /** Neutral name: "multi_modal_projector.linear_1.weight". */
  name: string;
  slab: number;
  start: number;
  shape: number[];
}

/** One PEFT module as ranges of its block's slab, in words. */
export interface LoraModule {
  module: string;
  slab: number;
  inFeatures: number;
  outFeatures: number;
  aStart: number;
  bStart: number;
}

export interface Adapter {
  settings: LoraSettings;
  scale: number;
  layers: LayerLora[];
  vision: VisionLora | undefined;
  projector: TrainedProjector | undefined;
  modules: LoraModule[];
  trained: TrainedTensor[];
  /** One a block. Blocks that never get a gradient come last. */
  params: Tensor[];
  /** One for each block that learns, like the moments; none outside training. */
  grads: Tensor[];
  /** Whether weight decay acts on the block: not on biases (transformers: Trainer.get_decay_parameter_names). */
  decays: boolean[];
  firstMoments: Tensor[];
  secondMoments: Tensor[];
  /** With 8-bit moments, which then are codes: their scales (see kernels/optimizer/adamw-8bit.ts). */
  momentScales: Tensor[];
  trainableParameters: number;
}

/** Matrices start on borders of 8-bit blocks, so that such a block holds values of one matrix, as bitsandbytes has it. */
const align = (words: number): number => Math.ceil(words / 256) * 256;

/** alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (PEFT: tuners/lora/layer.py). */
export const loraScale = (s: LoraSettings): number => (s.useRslora ? s.alpha / Math.sqrt(s.rank) : s.alpha / s.rank);

/** Linears that share their input and so are one: its width, and each module with its outputs. */
interface FusedLinear {
  inSize: number;
  parts: [module: string, out: number][];
}

function languageBlock({ text }: LlavaConfig, n: number): Record<keyof LayerLora, FusedLinear> {
  const { hiddenSize: h, intermediateSize: f } = text;
  const q = text.numHeads * text.headSize;
  const kv = text.numKvHeads * text.headSize;
  const name = (linear: Parameters<typeof languageModule>[1]): string => languageModule(n, linear);
  return {
    qkv: {
      inSize: h,
      parts: [
        [name("q_proj"), q],
        [name("k_proj"), kv],
        [name("v_proj"), kv],
      ],
    },
    o: { inSize: q, parts: [[name("o_proj"), h]] },
    gateUp: {
      inSize: h,
      parts: [
        [name("gate_proj"), f],
        [name("up_proj"), f],
      ],
    },
    down: { inSize: f, parts: [[name("down_proj"), h]] },
  };
}

function visionBlock({ vision }: LlavaConfig, n: number): Record<keyof VisionLayerLora, FusedLinear> {
  const { hiddenSize: c, intermediateSize: f } = vision;
  return {
    qkv: {
      inSize: c,
      parts: [
        [visionModule(n, "self_attn.q_proj"), c],
        [visionModule(n, "self_attn.k_proj"), c],
        [visionModule(n, "self_attn.v_proj"), c],
      ],
    },
    out: { inSize: c, parts: [[visionModule(n, "self_attn.out_proj"), c]] },
    fc1: { inSize: c, parts: [[visionModule(n, "mlp.fc1"), f]] },
    fc2: { inSize: f, parts: [[visionModule(n, "mlp.fc2"), c]] },
  };
}

function projectorBlock({ vision, text }: LlavaConfig): Record<keyof ProjectorLora, FusedLinear> {
  const h = text.hiddenSize;
  return {
    linear1: { inSize: vision.hiddenSize, parts: [[projectorModule(1), h]] },
    linear2: { inSize: h, parts: [[projectorModule(2), h]] },
  };
}

/** Allocates the adapter. `training` false leaves out gradients and moments (chat with a finished adapter). */
export function allocateAdapter(
  alloc: Allocator,
  config: LlavaConfig,
  settings: LoraSettings,
  training: boolean,
  optim: Optim = "adamw_torch",
): Adapter {
  const { rank: r } = settings;
  const adapter: Adapter = {
    settings,
    scale: loraScale(settings),
    layers: [],
    vision: undefined,
    projector: undefined,
    modules: [],
    trained: [],
    params: [],
    grads: [],
    decays: [],
    firstMoments: [],
    secondMoments: [],
    momentScales: [],
    trainableParameters: 0,
  };
  /** A block's tensors; the gradient is the parameter itself where nothing learns. */
  const slabOf = (label: string, length: number, learns = true, decays = true) => {
    const param = alloc.tensor(`LoRA weights/${label}`, length);
    const slab = adapter.params.push(param) - 1;
    if (!training || !learns) return { slab, param, grad: param };
    const grad = alloc.tensor(`LoRA gradients/${label}`, length);
    adapter.grads.push(grad);
    adapter.decays.push(decays);
    const { codes, absmax } = moment8Words(length);
    const words = optim === "adamw_bnb_8bit" ? codes : length;
    adapter.firstMoments.push(alloc.tensor(`Adam moments/${label}`, words));
    adapter.secondMoments.push(alloc.tensor(`Adam moments/${label}`, words));
    if (optim === "adamw_bnb_8bit") adapter.momentScales.push(alloc.tensor(`Adam moments/${label}`, absmax));
    return { slab, param, grad };
  };
  const add = <K extends string>(
    label: string,
    block: Record<K, FusedLinear>,
    learns: boolean,
  ): Record<K, LoraLinear> => {
    const names = Object.keys(block) as K[];
    let length = 0;
    const places = names.map((name) => {
      const { inSize, parts } = block[name];
      const out = parts.reduce((sum, [, n]) => sum + n, 0);
      const aAt = length;
      const bAt = aAt + align(parts.length * r * inSize);
      length = bAt + align(out * r);
      return { inSize, parts, out, aAt, bAt };
    });
    const { slab, param, grad } = slabOf(label, length, learns);
    const linears = places.map(({ inSize, parts, out, aAt, bAt }): LoraLinear => {
      const groupStarts: number[] = [];
      let column = 0;
      parts.forEach(([module, outFeatures], g) => {
        groupStarts.push(column);
        adapter.modules.push({
          module,
          slab,
          inFeatures: inSize,
          outFeatures,
          aStart: aAt + g * r * inSize,
          bStart: bAt + column * r,
        });
        adapter.trainableParameters += r * (inSize + outFeatures);
        column += outFeatures;
      });
      const aLength = parts.length * r * inSize;
      return {
        weights: {
          rank: r,
          scale: adapter.scale,
          groupStarts,
          a: view(param, aAt, aLength),
          b: view(param, bAt, out * r),
        },
        dA: view(grad, aAt, aLength),
        dB: view(grad, bAt, out * r),
      };
    });
    return Object.fromEntries(names.map((name, i) => [name, linears[i]!])) as Record<K, LoraLinear>;
  };
  for (let n = 0; n < config.text.numLayers; n++) {
    adapter.layers.push(add(`layer ${n}`, languageBlock(config, n), true));
  }
  if (settings.targets === "all-linear") {
    const layers: VisionLayerLora[] = [];
    for (let n = 0; n < config.visionLayersUsed; n++) {
      layers.push(add(`vision layer ${n}`, visionBlock(config, n), true));
    }
    const projector = settings.trainProjector ? undefined : add("projector", projectorBlock(config), true);
    adapter.vision = { layers, projector };
  }
  if (settings.trainProjector) adapter.projector = addProjector(adapter, config, slabOf);
  if (settings.targets === "all-linear") {
    // Nothing reads the layers behind the feature layer, so they never learn; PEFT adapts and saves them all the same.
    for (let n = config.visionLayersUsed; n < config.vision.numLayers; n++) {
      add(`vision layer ${n}`, visionBlock(config, n), false);
    }
  }
  return adapter;
}

/** A slab for the projector's matrices, and one for its biases, on which weight decay does not act. */
function addProjector(
  adapter: Adapter,
  config: LlavaConfig,
  slabOf: (
    label: string,
    length: number,
    learns?: boolean,
    decays?: boolean,
  ) => { slab: number; param: Tensor; grad: Tensor },
): TrainedProjector {
  const h = config.text.hiddenSize;
  const sizes = [config.vision.hiddenSize, h] as const;
  const second = align(h * sizes[0]);
  const weights = slabOf("projector weights", second + align(h * h));
  const biases = config.projectorBias ? slabOf("projector biases", 2 * align(h), true, false) : undefined;
  const linear = (n: 0 | 1): TrainedLinear => {
    const inSize = sizes[n];
    const name = projectorModule(n === 0 ? 1 : 2);
    const start = n * second;
    const biasStart = n * align(h);
    adapter.trained.push({ name: `${name}.weight`, slab: weights.slab, start, shape: [h, inSize] });
    if (biases) adapter.trained.push({ name: `${name}.bias`, slab: biases.slab, start: biasStart, shape: [h] });
    adapter.trainableParameters += h * inSize + (biases ? h : 0);
    return {
      weight: { format: "f32", out: h, in: inSize, data: view(weights.param, start, h * inSize) },
      bias: biases && view(biases.param, biasStart, h),
      dW: view(weights.grad, start, h * inSize),
      db: biases && view(biases.grad, biasStart, h),
    };
  };
  return { linear1: linear(0), linear2: linear(1) };
}

/** Whether something before the language model learns, so that gradients must go on to the pictures. */
export const learnsFromPictures = (adapter: Pick<Adapter, "vision" | "projector">): boolean =>
  adapter.vision !== undefined || adapter.projector !== undefined;

/** Bytes of a checkpoint: the weights of all blocks, and the moments of those that learn. */
export function checkpointBytes(adapter: Adapter): number {
  const { params, firstMoments, secondMoments, momentScales } = adapter;
  return 4 * [...params, ...firstMoments, ...secondMoments, ...momentScales].reduce((sum, t) => sum + t.length, 0);
}

/** A module's A [r, in] and B [out, r] out of slabs that were read back. */
export function moduleMatrices(
  m: LoraModule,
  rank: number,
  slabs: Float32Array[],
): { loraA: Float32Array; loraB: Float32Array } {
  const slab = slabs[m.slab]!;
  return {
    loraA: slab.slice(m.aStart, m.aStart + rank * m.inFeatures),
    loraB: slab.slice(m.bStart, m.bStart + rank * m.outFeatures),
  };
}
