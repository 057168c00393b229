/**
 * The trainable parameters. Each layer has one slab for its LoRA matrices, and slabs of the same layout for gradients and the two
 * Adam moments: one AdamW dispatch updates a whole layer, a checkpoint copies whole slabs, and PEFT names are views into them.
 * Zero padding between matrices stays zero: its gradient is zero.
 */
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import type { LoraWeights } from "../kernels/lora.ts";
import type { LlavaConfig } from "./config.ts";
import { type LanguageLinear, languageModule } from "./names.ts";

export interface LoraSettings {
  rank: number;
  alpha: number;
  useRslora: boolean;
}

/** LoRA of one fused linear: matrices for the kernels, and the same places in the gradient slab. */
export interface LoraLinear {
  weights: LoraWeights;
  dA: Tensor;
  dB: Tensor;
}

export interface LayerLora {
  qkv: LoraLinear;
  o: LoraLinear;
  gateUp: LoraLinear;
  down: LoraLinear;
}

/** One PEFT module as ranges of its layer's slab, in words. */
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
  modules: LoraModule[];
  /** One per layer, all of `slabLength` words. */
  params: Tensor[];
  grads: Tensor[];
  firstMoments: Tensor[];
  secondMoments: Tensor[];
  slabLength: number;
  trainableParameters: number;
}

const align = (words: number): number => Math.ceil(words / 64) * 64;

/** alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (PEFT: tuners/lora/layer.py). */
export const loraScale = (s: LoraSettings): number => (s.useRslora ? s.alpha / Math.sqrt(s.rank) : s.alpha / s.rank);

/**
 * Allocates the adapter for the seven projections of every language-model layer.
 * `training` false leaves out gradients and moments (chat with a finished adapter).
 */
export function allocateAdapter(
  alloc: Allocator,
  config: LlavaConfig,
  settings: LoraSettings,
  training: boolean,
): Adapter {
  const { hiddenSize: h, intermediateSize: f, numHeads, numKvHeads, headSize, numLayers } = config.text;
  const r = settings.rank;
  const q = numHeads * headSize;
  const kv = numKvHeads * headSize;
  const fused: [keyof LayerLora, number, [LanguageLinear, number][]][] = [
    [
      "qkv",
      h,
      [
        ["q_proj", q],
        ["k_proj", kv],
        ["v_proj", kv],
      ],
    ],
    ["o", q, [["o_proj", h]]],
    [
      "gateUp",
      h,
      [
        ["gate_proj", f],
        ["up_proj", f],
      ],
    ],
    ["down", f, [["down_proj", h]]],
  ];
  let length = 0;
  const places = fused.map(([name, inSize, groups]) => {
    const out = groups.reduce((sum, [, n]) => sum + n, 0);
    const aAt = length;
    const bAt = aAt + align(groups.length * r * inSize);
    length = bAt + align(out * r);
    return { name, inSize, groups, out, aAt, bAt };
  });
  const slabLength = length;
  const scale = loraScale(settings);
  const slab = (label: string): Tensor[] =>
    Array.from({ length: numLayers }, (_, n) => alloc.tensor(`${label}/layer ${n}`, slabLength));
  const params = slab("LoRA weights");
  const grads = training ? slab("LoRA gradients") : [];
  const modules: LoraModule[] = [];
  const layers = params.map((param, n): LayerLora => {
    const linear = (place: (typeof places)[number]): LoraLinear => {
      const { inSize, groups, out, aAt, bAt } = place;
      const aLength = groups.length * r * inSize;
      const starts = groups.map((_, g) => groups.slice(0, g).reduce((sum, [, size]) => sum + size, 0));
      groups.forEach(([name, outFeatures], g) => {
        modules.push({
          module: languageModule(n, name),
          slab: n,
          inFeatures: inSize,
          outFeatures,
          aStart: aAt + g * r * inSize,
          bStart: bAt + starts[g]! * r,
        });
      });
      const grad = grads[n] ?? param;
      return {
        weights: { rank: r, scale, groupStarts: starts, a: view(param, aAt, aLength), b: view(param, bAt, out * r) },
        dA: view(grad, aAt, aLength),
        dB: view(grad, bAt, out * r),
      };
    };
    const [qkv, o, gateUp, down] = places.map(linear) as [LoraLinear, LoraLinear, LoraLinear, LoraLinear];
    return { qkv, o, gateUp, down };
  });
  return {
    settings,
    scale,
    layers,
    modules,
    params,
    grads,
    firstMoments: training ? slab("Adam moments") : [],
    secondMoments: training ? slab("Adam moments") : [],
    slabLength,
    trainableParameters: modules.reduce((sum, m) => sum + r * (m.inFeatures + m.outFeatures), 0),
  };
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
