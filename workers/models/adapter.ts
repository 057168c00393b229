/**
 * The trainable parameters. Each block (a language-model layer, a vision layer, the projector) has one slab for its LoRA matrices,
 * and slabs of the same layout for gradients and the two Adam moments: one AdamW dispatch updates a whole block, a checkpoint copies
 * whole slabs, and PEFT names are views into them. Zero padding between matrices stays zero: its gradient is zero.
 */
import { TabTuneError } from "../errors.ts";
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import { moment8Words } from "../kernels/optimizer/adamw-8bit.ts";
import { loraScale, type Optim } from "../recipe.ts";
import { deepstackOf, type VlmConfig } from "./config.ts";
import { CONNECTOR, decoderLayer, deepstackConnector, towerLayer } from "./names.ts";
import { type ConnectorLora, connectorLinears, type TrainedConnector } from "./parts/connector.ts";
import { type DecoderLora, decoderLinears } from "./parts/decoder.ts";
import { type Linears, loraParameters, mapLinears, matrixParameters, outSize } from "./parts/linears.ts";
import type { LoraLinear, LoraSettings, TrainedLinear } from "./parts/lora.ts";
import { type TowerLora, towerLinears } from "./parts/tower.ts";

/** Of the layers that are run; those behind the feature layer have slabs and modules only. */
export interface VisionLora {
  layers: TowerLora[];
  /** None where the connector is trained in full. */
  connector: ConnectorLora | undefined;
  /** Of the connectors behind layers in between. */
  deepstack: ConnectorLora[];
}

/** The gradients of what learns before the language model, by block; none outside training. */
export interface VisionGrads {
  layers: Tensor[];
  connector: Tensor[];
  /** Of the connectors behind layers in between. */
  deepstack: Tensor[];
}

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
  layers: DecoderLora[];
  vision: VisionLora | undefined;
  connector: TrainedConnector | undefined;
  modules: LoraModule[];
  trained: TrainedTensor[];
  /** One a block. Blocks that never get a gradient come last. */
  params: Tensor[];
  /** One for each block that learns, like the moments; none outside training. */
  grads: Tensor[];
  /** Those of them that belong to pictures. */
  visionGrads: VisionGrads;
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

/** Memory of the adapter as it is allocated: slabs, and what learns in them. */
class Slabs {
  readonly adapter: Adapter;

  constructor(
    readonly alloc: Allocator,
    settings: LoraSettings,
    readonly training: boolean,
    readonly optim: Optim,
  ) {
    this.adapter = {
      settings,
      scale: loraScale(settings),
      layers: [],
      vision: undefined,
      connector: undefined,
      modules: [],
      trained: [],
      params: [],
      grads: [],
      visionGrads: { layers: [], connector: [], deepstack: [] },
      decays: [],
      firstMoments: [],
      secondMoments: [],
      momentScales: [],
      trainableParameters: 0,
    };
  }

  /** A block's tensors; the gradient is the parameter itself where nothing learns. */
  slab(label: string, length: number, { learns = true, decays = true } = {}): Slab {
    const { adapter, alloc, optim } = this;
    const param = alloc.tensor(`LoRA weights/${label}`, length);
    const slab = adapter.params.push(param) - 1;
    if (!this.training || !learns) return { slab, param, grad: param };
    const grad = alloc.tensor(`LoRA gradients/${label}`, length);
    adapter.grads.push(grad);
    adapter.decays.push(decays);
    const { codes, absmax } = moment8Words(length);
    const words = optim === "adamw_bnb_8bit" ? codes : length;
    adapter.firstMoments.push(alloc.tensor(`Adam moments/${label}`, words));
    adapter.secondMoments.push(alloc.tensor(`Adam moments/${label}`, words));
    if (optim === "adamw_bnb_8bit") adapter.momentScales.push(alloc.tensor(`Adam moments/${label}`, absmax));
    return { slab, param, grad };
  }

  /** What `allocate` gives; the gradients of its blocks are added to `to`. */
  collecting<T>(to: Tensor[], allocate: () => T): T {
    const before = this.adapter.grads.length;
    const made = allocate();
    to.push(...this.adapter.grads.slice(before));
    return made;
  }

  /** LoRA on the linears below the module `base`: one block. */
  block<K extends string>(
    label: string,
    base: string,
    linears: Linears<K>,
    { learns = true } = {},
  ): Record<K, LoraLinear> {
    const { adapter } = this;
    const { rank } = adapter.settings;
    let length = 0;
    const places = mapLinears(linears, (l) => {
      const a = length;
      const b = a + align(l.parts.length * rank * l.inSize);
      length = b + align(outSize(l) * rank);
      return { a, b };
    });
    const { slab, param, grad } = this.slab(label, length, { learns });
    return mapLinears(linears, (l, key): LoraLinear => {
      const { a, b } = places[key];
      const { inSize: inFeatures, parts } = l;
      const groupStarts: number[] = [];
      let column = 0;
      parts.forEach(([name, outFeatures], group) => {
        groupStarts.push(column);
        const starts = { aStart: a + group * rank * inFeatures, bStart: b + column * rank };
        adapter.modules.push({ module: `${base}.${name}`, slab, inFeatures, outFeatures, ...starts });
        column += outFeatures;
      });
      adapter.trainableParameters += loraParameters(l, rank);
      const aLength = parts.length * rank * inFeatures;
      return {
        weights: {
          ...{ rank, scale: adapter.scale, groupStarts },
          a: view(param, a, aLength),
          b: view(param, b, column * rank),
        },
        dA: view(grad, a, aLength),
        dB: view(grad, b, column * rank),
      };
    });
  }

  /** The linears below the module `base` in full: a block of matrices, and one of biases, on which weight decay does not act. */
  full<K extends string>(label: string, base: string, linears: Linears<K>): Record<K, TrainedLinear> {
    const { adapter } = this;
    let length = 0;
    let biasLength = 0;
    const places = mapLinears(linears, (l) => {
      const place = { start: length, biasStart: biasLength };
      length += align(matrixParameters(l));
      if (l.bias) biasLength += align(outSize(l));
      return place;
    });
    const weights = this.slab(`${label} weights`, length);
    const biases = biasLength > 0 ? this.slab(`${label} biases`, biasLength, { decays: false }) : undefined;
    return mapLinears(linears, (l, key): TrainedLinear => {
      const { start, biasStart } = places[key];
      const [out, inSize, size] = [outSize(l), l.inSize, matrixParameters(l)];
      const name = `${base}.${l.parts[0]![0]}`;
      adapter.trained.push({ name: `${name}.weight`, slab: weights.slab, start, shape: [out, inSize] });
      if (biases) adapter.trained.push({ name: `${name}.bias`, slab: biases.slab, start: biasStart, shape: [out] });
      adapter.trainableParameters += size + (biases ? out : 0);
      return {
        weight: { format: "f32", out, in: inSize, data: view(weights.param, start, size) },
        bias: biases && view(biases.param, biasStart, out),
        dW: view(weights.grad, start, size),
        db: biases && view(biases.grad, biasStart, out),
      };
    });
  }
}

interface Slab {
  slab: number;
  param: Tensor;
  grad: Tensor;
}

/** Allocates the adapter. `training` false leaves out gradients and moments (chat with a finished adapter). */
export function allocateAdapter(
  alloc: Allocator,
  config: VlmConfig,
  settings: LoraSettings,
  { training, optim = "adamw_torch" }: { training: boolean; optim?: Optim | undefined },
): Adapter {
  const slabs = new Slabs(alloc, settings, training, optim);
  const { adapter } = slabs;
  const { decoder, tower, connector } = config;
  const grads = adapter.visionGrads;
  const allLinear = settings.targets === "all-linear";
  for (let n = 0; n < decoder.numLayers; n++) {
    adapter.layers.push(slabs.block(`layer ${n}`, decoderLayer(n), decoderLinears(decoder)));
  }
  const towerBlock = (n: number, learns: boolean): TowerLora =>
    slabs.block(`vision layer ${n}`, towerLayer(n), towerLinears(tower), { learns });
  if (allLinear) {
    const layers = slabs.collecting(grads.layers, () =>
      Array.from({ length: tower.layersUsed }, (_, n) => towerBlock(n, true)),
    );
    const lora = settings.trainProjector
      ? undefined
      : slabs.collecting(grads.connector, () => slabs.block("projector", CONNECTOR, connectorLinears(connector)));
    const deepstack = slabs.collecting(grads.deepstack, () =>
      deepstackOf(config).map((d, k) =>
        slabs.block(`deepstack ${k}`, deepstackConnector(k), connectorLinears(d.connector)),
      ),
    );
    adapter.vision = { layers, connector: lora, deepstack };
  }
  if (settings.trainProjector && connector.norm) {
    throw new TabTuneError(
      "bad-recipe",
      "modules_to_save trains the linears of a connector in full, and this model's connector has a norm among them.",
      'Leave modules_to_save out; target_modules "all-linear" has LoRA on the connectors.',
    );
  }
  if (settings.trainProjector)
    adapter.connector = slabs.collecting(grads.connector, () =>
      slabs.full("projector", CONNECTOR, connectorLinears(connector)),
    );
  // Nothing reads the layers behind the feature layer, so they never learn; PEFT adapts and saves them all the same.
  if (allLinear) for (let n = tower.layersUsed; n < tower.numLayers; n++) towerBlock(n, false);
  return adapter;
}

/** Whether something before the language model learns, so that gradients must go on to the pictures. */
export const learnsFromPictures = (adapter: Pick<Adapter, "vision" | "connector">): boolean =>
  adapter.vision !== undefined || adapter.connector !== undefined;

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
