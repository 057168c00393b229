/**
 * What the parts of a model ask for their frozen weights: it finds a tensor of the checkpoint, checks its shape, allocates its place
 * (through an `Allocator`, so that the memory plan and the real allocation are one code) and notes where its values go.
 */
import { TabTuneError } from "../errors.ts";
import { type Allocator, BINDING_WORDS, Planner, type Tensor, view } from "../gpu/buffers.ts";
import type { DenseFormat, DenseWeight, FourBitWeight, Weight } from "../kernels/linear/weight.ts";
import type { Recipe } from "../recipe.ts";
import { type Dtype, dtypeBytes, elementsOf } from "../weights/formats/dtype.ts";
import { CONNECTOR, DECODER, type NameScheme, neutralName, resolveName, spellingsOf, TOWER } from "./names.ts";
import type { FusedLinear } from "./parts/linears.ts";
import { type HostTable, wordsPerValue } from "./token-table.ts";

/** A matrix [out, in] and the bias [out] beside it. */
export interface AffineWeight {
  weight: Weight;
  bias: Tensor | undefined;
}

/** LayerNorm: [size] each. */
export interface NormWeight {
  weight: Tensor;
  bias: Tensor;
}

/** What the checkpoint says of a tensor. */
export interface TensorFacts {
  dtype: Dtype;
  shape: number[];
  /** Already in 4 bits: taken as it is, whatever `QuantSettings` says. */
  fourBit?: { type: "nf4" | "fp4"; blockSize: number };
}

/** Parts of a model by the names that recipes have for them, in every family. */
export type ModelPart = "language_model" | "multi_modal_projector" | "vision_tower";

export interface QuantSettings {
  type: "nf4" | "fp4";
  blockSize: number;
  /** absmax takes the values it has after 8-bit double quantisation. */
  doubleQuant: boolean;
  modules: ModelPart[];
}

/** Of a recipe. */
export type QuantKeys = "loadIn4bit" | "bnb4bitQuantType" | "bnb4bitUseDoubleQuant" | "quantizeModules";

/** How a recipe has the base quantised; undefined: not at all. */
export const quantOf = (recipe: Pick<Recipe, QuantKeys>): QuantSettings | undefined =>
  recipe.loadIn4bit
    ? {
        type: recipe.bnb4bitQuantType,
        blockSize: 64,
        doubleQuant: recipe.bnb4bitUseDoubleQuant,
        modules: recipe.quantizeModules,
      }
    : undefined;

/** Where one checkpoint tensor goes. Offsets are in words of the destination. */
export type Fill =
  | {
      kind: "4bit";
      type: "nf4" | "fp4";
      blockSize: number;
      codes: Tensor;
      codesAt: number;
      absmax: Tensor;
      absmaxAt: number;
      absmaxFormat: FourBitWeight["absmaxFormat"];
    }
  /** `rows`: of the checkpoint's table, those that are taken, in order. */
  | { kind: "dense"; format: DenseFormat; data: Tensor; at: number; rows?: readonly number[] | undefined }
  /** One after the other, each filled before the next. */
  | { kind: "parts"; format: DenseFormat; parts: Tensor[] }
  | { kind: "host"; table: HostTable };

/** Formats that kernels read as the checkpoint has them. */
export const denseFormatOf: Partial<Record<Dtype, DenseFormat>> = { F32: "f32", F16: "f16", BF16: "bf16" };

/**
 * Checkpoints with more f32 values than this keep their matrices as f16, as `from_pretrained(torch_dtype=torch.float16)` does (and
 * bitsandbytes' 4-bit loading by default): exactness beyond f16 is not worth 1.2 GB for a vision tower. Smaller ones stay exact.
 */
const KEEP_F32_BYTES = 2e9;

/** The refusal of a checkpoint that lacks a tensor, by its neutral name and how files spell it. */
export const missingTensor = (neutral: string, names: NameScheme): TabTuneError =>
  new TabTuneError(
    "missing-tensor",
    `The checkpoint has no tensor for "${neutral}" (${spellingsOf(neutral, names)[0]}).`,
    "Choose a complete checkpoint; if it is sharded, all its .safetensors files are needed.",
  );

const partNames = [
  [DECODER, "language model"],
  [TOWER, "vision tower"],
  [CONNECTOR, "connector"],
] as const;

/** The refusal of a checkpoint that has nothing of a part; undefined where it has some of it, or the tensor is of no part. */
function missingPart(neutral: string, names: NameScheme, tensors: Iterable<string>): TabTuneError | undefined {
  const part = partNames.find(([prefix]) => neutral.startsWith(`${prefix}.`));
  if (!part) return undefined;
  for (const name of tensors) if (neutralName(name, names).startsWith(`${part[0]}.`)) return undefined;
  return new TabTuneError(
    "missing-tensor",
    `The checkpoint has no ${part[1]}: config.json is of a whole vision-language model, but no tensor such as ${spellingsOf(neutral, names)[0]} is there.`,
    "Choose the whole model, with language model, vision tower and connector in one checkpoint; if it is sharded, all its .safetensors files are needed.",
  );
}

interface Found {
  name: string;
  facts: TensorFacts;
}

export class WeightBuilder {
  /** By checkpoint tensor name. */
  readonly fills = new Map<string, Fill>();
  /** Values in all tensors that were asked for. */
  parameters = 0;
  /** What `together` made. */
  readonly blocks: Tensor[] = [];
  readonly #isLargeF32: boolean;

  /** `quant` undefined keeps everything as it is. */
  constructor(
    readonly alloc: Allocator,
    readonly tensors: ReadonlyMap<string, TensorFacts>,
    readonly names: NameScheme,
    readonly quant: QuantSettings | undefined,
  ) {
    let f32Bytes = 0;
    for (const { dtype, shape } of tensors.values())
      if (dtype === "F32") f32Bytes += elementsOf(shape) * dtypeBytes.F32;
    this.#isLargeF32 = f32Bytes > KEEP_F32_BYTES;
  }

  /** What `lay` asks for, one behind the other in one buffer: a block. */
  together<T>(label: string, lay: (build: WeightBuilder) => T): T {
    const within = (tensor: Allocator["tensor"]) => new WeightBuilder({ tensor }, this.tensors, this.names, this.quant);
    let words = 0;
    const place = (length: number): number => {
      const at = words;
      words = Math.ceil((at + length) / BINDING_WORDS) * BINDING_WORDS;
      return at;
    };
    lay(
      within((name, length) => {
        place(length);
        return new Planner().tensor(name, length);
      }),
    );
    const block = this.alloc.tensor(`weights/${label}`, words);
    words = 0;
    const build = within((_, length) => view(block, place(length), length));
    const made = lay(build);
    for (const [name, fill] of build.fills) this.fills.set(name, fill);
    this.parameters += build.parameters;
    this.blocks.push(block);
    return made;
  }

  /** The format in which a tensor stays that is not quantised. */
  denseFormat(dtype: Dtype): DenseFormat {
    return dtype === "F32" && this.#isLargeF32 ? "f16" : (denseFormatOf[dtype] ?? "f32");
  }

  has(neutral: string): boolean {
    return resolveName(neutral, this.names, (n) => this.tensors.has(n)) !== undefined;
  }

  /** Throws TabTuneError "missing-tensor". */
  find(neutral: string): Found {
    const name = resolveName(neutral, this.names, (n) => this.tensors.has(n));
    if (!name) throw missingPart(neutral, this.names, this.tensors.keys()) ?? missingTensor(neutral, this.names);
    return { name, facts: this.tensors.get(name)! };
  }

  /** `find`, of a tensor of this shape; a convolution's kernel counts as a matrix [out, rest]. Throws TabTuneError "bad-tensor". */
  findShaped(neutral: string, shape: number[]): Found {
    const found = this.find(neutral);
    const { shape: own } = found.facts;
    const flat = own.length > 2 ? [own[0]!, elementsOf(own.slice(1))] : own;
    if (flat.length === shape.length && flat.every((n, i) => n === shape[i])) return found;
    throw new TabTuneError(
      "bad-tensor",
      `Tensor "${found.name}" has shape [${own}], but config.json asks for [${shape}].`,
      "The config.json and the weights do not belong together; fetch both from the same revision.",
    );
  }

  /** `findShaped`, of a tensor that is not stored in 4 bits. Throws TabTuneError "unsupported-model". */
  findDense(neutral: string, shape: number[]): Found {
    const found = this.findShaped(neutral, shape);
    if (!found.facts.fourBit) return found;
    throw new TabTuneError(
      "unsupported-model",
      `"${found.name}" is stored in 4 bits, where only the linears of the layers can be.`,
      "Choose the checkpoint's unquantised original.",
    );
  }

  /** A vector or table that kernels read as f32; `rows` where its rows are to lie in another order. */
  vector(neutral: string, shape: number[], rows?: readonly number[]): Tensor {
    const { name } = this.findDense(neutral, shape);
    const data = this.alloc.tensor(`weights/${neutral}`, elementsOf(shape));
    this.parameters += elementsOf(shape);
    this.fills.set(name, { kind: "dense", format: "f32", data, at: 0, rows });
    return data;
  }

  /** A LayerNorm's weight and bias. */
  layerNorm(neutral: string, size: number): NormWeight {
    return { weight: this.vector(`${neutral}.weight`, [size]), bias: this.vector(`${neutral}.bias`, [size]) };
  }

  /** A fused linear below the module `base`, in 4 bits where the recipe or the checkpoint has `part` so. */
  linear(base: string, key: string, l: FusedLinear, part: ModelPart): AffineWeight {
    const label = `${base}.${key}`;
    const parts = l.parts.map(([module, out]) => [`${base}.${module}`, out] as const);
    const quantise = this.quant?.modules.includes(part) ?? false;
    const weight = this.matrix(label, parts, l.inSize, quantise);
    if (!l.bias) return { weight, bias: undefined };
    const bias = this.alloc.tensor(`weights/${label}.bias`, weight.out);
    let at = 0;
    for (const [module, out] of parts) {
      const { name } = this.findShaped(`${module}.bias`, [out]);
      this.fills.set(name, { kind: "dense", format: "f32", data: bias, at });
      this.parameters += out;
      at += out;
    }
    return { weight, bias };
  }

  /** One matrix of the weights of `modules` (neutral name and outputs), which share their input. */
  matrix(
    label: string,
    modules: readonly (readonly [module: string, out: number])[],
    inSize: number,
    quantise: boolean,
  ): Weight {
    const found = modules.map(([module, out]) => ({ ...this.findShaped(`${module}.weight`, [out, inSize]), out }));
    const out = found.reduce((sum, f) => sum + f.out, 0);
    this.parameters += out * inSize;
    const [first] = found;
    const stored = first!.facts.fourBit;
    const odd = found.find(
      ({ facts }) => facts.fourBit?.type !== stored?.type || facts.fourBit?.blockSize !== stored?.blockSize,
    );
    if (odd) {
      throw new TabTuneError(
        "unsupported-model",
        `"${odd.name}" is not quantised as "${first!.name}" is, which shares its input.`,
        "Choose a checkpoint that is quantised as a whole, or its unquantised original.",
      );
    }
    if (stored) return this.#fourBit(label, found, inSize, stored, false);
    if (quantise) return this.#fourBit(label, found, inSize, this.quant!, !this.quant!.doubleQuant);
    return this.#dense(label, found, inSize);
  }

  #dense(label: string, found: (Found & { out: number })[], inSize: number): DenseWeight {
    const out = found.reduce((sum, f) => sum + f.out, 0);
    const formats = new Set(found.map((f) => this.denseFormat(f.facts.dtype)));
    const format: DenseFormat = formats.size === 1 ? [...formats][0]! : "f32";
    const data = this.alloc.tensor(`weights/${label}`, Math.ceil(out * inSize * wordsPerValue[format]));
    let row = 0;
    for (const f of found) {
      this.fills.set(f.name, { kind: "dense", format, data, at: row * inSize * wordsPerValue[format] });
      row += f.out;
    }
    return { format, out, in: inSize, data };
  }

  /** `roundedToF16`: the values were rounded to f16 before they were quantised, so their maxima are f16 exactly. */
  #fourBit(
    label: string,
    found: (Found & { out: number })[],
    inSize: number,
    { type, blockSize }: { type: "nf4" | "fp4"; blockSize: number },
    roundedToF16: boolean,
  ): FourBitWeight {
    const out = found.reduce((sum, f) => sum + f.out, 0);
    const codes = this.alloc.tensor(`weights/${label}`, (out * inSize) / 8);
    const starts = found.map((_, i) => found.slice(0, i).reduce((sum, f) => sum + f.out, 0) * inSize);
    // Two f16 maxima lie in a word, so each part has to begin with one.
    const isHalf = roundedToF16 && starts.every((start) => start % (2 * blockSize) === 0);
    const absmaxFormat = isHalf ? "f16" : "f32";
    const blocksPerWord = isHalf ? 2 : 1;
    const absmax = this.alloc.tensor(`weights/${label}.absmax`, Math.ceil((out * inSize) / blockSize / blocksPerWord));
    for (const [i, f] of found.entries()) {
      const start = starts[i]!;
      // Each part was quantised on its own; laid one after the other its blocks stay blocks of the whole only on a border.
      if (start % blockSize !== 0) {
        throw new TabTuneError(
          "unsupported-model",
          `"${f.name}" does not start on a border of ${blockSize}-value blocks inside ${label}.`,
          "Use a smaller quantisation block size, or load this model without 4 bits.",
        );
      }
      this.fills.set(f.name, {
        kind: "4bit",
        ...{ type, blockSize, codes, codesAt: start / 8 },
        ...{ absmax, absmaxAt: start / blockSize / blocksPerWord, absmaxFormat },
      });
    }
    return { format: type, out, in: inSize, blockSize, codes, absmax, absmaxFormat };
  }
}
