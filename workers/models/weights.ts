/**
 * The frozen weights on the GPU. `allocateWeights` says what lies where (through an `Allocator`, so the memory plan and the real
 * allocation are one code) and returns, for each checkpoint tensor, where its values go; `fillWeight` puts them there.
 * q|k|v and gate|up are concatenated along `out`, so that one dispatch computes them.
 */
import { TabTuneError } from "../errors.ts";
import { type Allocator, type Counters, type Tensor, upload } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DenseFormat, DenseWeight, FourBitWeight, Weight } from "../kernels/linear/weight.ts";
import { type Dtype, dtypeBytes, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import { absmaxToF16 } from "../weights/nf4/nf4.ts";
import { type LlavaConfig, patchesPerTile } from "./config.ts";
import { languageModule, resolveName } from "./names.ts";
import { type EmbedTable, HOST_TABLE_BYTES, type HostTable, wordsPerValue } from "./token-table.ts";

export interface AffineWeight {
  weight: Weight;
  bias: Tensor | undefined;
}

export interface NormWeight {
  weight: Tensor;
  bias: Tensor;
}

export interface LlamaLayerWeights {
  inputNorm: Tensor;
  qkv: Weight;
  o: Weight;
  postNorm: Tensor;
  gateUp: Weight;
  down: Weight;
}

export interface ClipLayerWeights {
  norm1: NormWeight;
  qkv: AffineWeight;
  out: AffineWeight;
  norm2: NormWeight;
  fc1: AffineWeight;
  fc2: AffineWeight;
}

/** lm_head [out, in], cut by rows of the vocabulary so that any adapter can bind each part. */
export interface HeadWeight {
  out: number;
  in: number;
  /** All but the last have a multiple of 64 rows, so that their logits begin on a binding border. */
  parts: DenseWeight[];
}

export interface LlavaWeights {
  vocab: number;
  embed: EmbedTable;
  layers: LlamaLayerWeights[];
  norm: Tensor;
  head: HeadWeight;
  vision: {
    classEmbedding: Tensor;
    positionEmbedding: Tensor;
    patch: DenseWeight;
    preNorm: NormWeight;
    layers: ClipLayerWeights[];
  };
  projector: { linear1: AffineWeight; linear2: AffineWeight };
  imageNewline: Tensor | undefined;
}

/** What the checkpoint says of a tensor. */
export interface TensorFacts {
  dtype: Dtype;
  shape: number[];
  /** Already in 4 bits: taken as it is, whatever `QuantSettings` says. */
  fourBit?: { type: "nf4" | "fp4"; blockSize: number };
}

export interface QuantSettings {
  type: "nf4" | "fp4";
  blockSize: number;
  /** absmax takes the values it has after 8-bit double quantisation. */
  doubleQuant: boolean;
  modules: ("language_model" | "multi_modal_projector" | "vision_tower")[];
}

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
  | { kind: "dense"; format: DenseFormat; data: Tensor; at: number }
  /** One after the other, each filled before the next. */
  | { kind: "parts"; format: DenseFormat; parts: Tensor[] }
  | { kind: "host"; table: HostTable };

export interface WeightLayout {
  weights: LlavaWeights;
  /** By checkpoint tensor name. */
  fills: Map<string, Fill>;
  /** Values in all tensors that are used. */
  parameters: number;
}

const formatOf: Partial<Record<Dtype, DenseFormat>> = { F32: "f32", F16: "f16", BF16: "bf16" };

/**
 * Checkpoints with more f32 values than this keep their matrices as f16, as `from_pretrained(torch_dtype=torch.float16)` does (and
 * bitsandbytes' 4-bit loading by default): exactness beyond f16 is not worth 1.2 GB for a vision tower. Smaller ones stay exact.
 */
const KEEP_F32_BYTES = 2e9;

function denseFormats(tensors: Map<string, TensorFacts>): (dtype: Dtype) => DenseFormat {
  let f32Bytes = 0;
  for (const { dtype, shape } of tensors.values()) {
    if (dtype === "F32") f32Bytes += shape.reduce((a, b) => a * b, dtypeBytes.F32);
  }
  return (dtype) => (dtype === "F32" && f32Bytes > KEEP_F32_BYTES ? "f16" : (formatOf[dtype] ?? "f32"));
}

/** The refusal of a checkpoint that lacks a tensor, by its neutral name. */
export const missingTensor = (neutral: string): TabTuneError =>
  new TabTuneError(
    "missing-tensor",
    `The checkpoint has no tensor for "${neutral}".`,
    "Choose a complete LLaVA checkpoint; if it is sharded, all its .safetensors files are needed.",
  );

/** What WebGPU lets every adapter bind. */
export const BASELINE_BINDING_BYTES = 128 * 1024 * 1024;

/** Throws TabTuneError "missing-tensor" or "bad-tensor" naming the tensor. `quant` undefined keeps everything as it is. */
export function allocateWeights(
  alloc: Allocator,
  config: LlavaConfig,
  tensors: Map<string, TensorFacts>,
  quant: QuantSettings | undefined,
): WeightLayout {
  const fills = new Map<string, Fill>();
  const denseFormat = denseFormats(tensors);
  let parameters = 0;

  const find = (neutral: string): [string, TensorFacts] => {
    const name = resolveName(neutral, (n) => tensors.has(n));
    if (!name) throw missingTensor(neutral);
    return [name, tensors.get(name)!];
  };
  const expectShape = (name: string, facts: TensorFacts, shape: number[]): void => {
    const flat =
      facts.shape.length > 2 ? [facts.shape[0]!, facts.shape.slice(1).reduce((a, b) => a * b, 1)] : facts.shape;
    if (flat.length === shape.length && flat.every((n, i) => n === shape[i])) return;
    throw new TabTuneError(
      "bad-tensor",
      `Tensor "${name}" has shape [${facts.shape}], but config.json asks for [${shape}].`,
      "The config.json and the weights do not belong together; fetch both from the same revision.",
    );
  };
  const denseOnly = (name: string, facts: TensorFacts): void => {
    if (!facts.fourBit) return;
    throw new TabTuneError(
      "unsupported-model",
      `"${name}" is stored in 4 bits, where only the linears of the layers can be.`,
      "Choose the checkpoint's unquantised original.",
    );
  };
  /** A vector or table that kernels read as f32. */
  const vector = (neutral: string, shape: number[]): Tensor => {
    const [name, facts] = find(neutral);
    expectShape(name, facts, shape);
    denseOnly(name, facts);
    const length = shape.reduce((a, b) => a * b, 1);
    const data = alloc.tensor(`weights/${neutral}`, length);
    parameters += length;
    fills.set(name, { kind: "dense", format: "f32", data, at: 0 });
    return data;
  };
  /** A matrix made of parts that share their input. */
  const matrix = (
    label: string,
    parts: [neutral: string, out: number][],
    inSize: number,
    quantise: boolean,
  ): Weight => {
    const found = parts.map(([neutral, out]) => {
      const [name, facts] = find(neutral);
      expectShape(name, facts, [out, inSize]);
      parameters += out * inSize;
      return { name, facts, out };
    });
    const out = found.reduce((sum, f) => sum + f.out, 0);
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
    const fourBit = stored ?? (quantise ? quant : undefined);
    if (fourBit) {
      const { blockSize, type } = fourBit;
      const codes = alloc.tensor(`weights/${label}`, (out * inSize) / 8);
      const starts = found.map((_, i) => found.slice(0, i).reduce((sum, f) => sum + f.out, 0) * inSize);
      // What is quantised here was rounded to f16 before: its maxima are f16, unless double quantisation moved them. Two lie in a
      // word, so each part has to begin with one.
      const isHalf = !stored && !quant!.doubleQuant && starts.every((start) => start % (2 * blockSize) === 0);
      const absmaxFormat = isHalf ? "f16" : "f32";
      const blocksPerWord = isHalf ? 2 : 1;
      const absmax = alloc.tensor(`weights/${label}.absmax`, Math.ceil((out * inSize) / blockSize / blocksPerWord));
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
        const fill: Fill = {
          kind: "4bit",
          type,
          blockSize,
          codes,
          codesAt: start / 8,
          absmax,
          absmaxAt: start / blockSize / blocksPerWord,
          absmaxFormat,
        };
        fills.set(f.name, fill);
      }
      return { format: type, out, in: inSize, blockSize, codes, absmax, absmaxFormat };
    }
    const formats = new Set(found.map((f) => denseFormat(f.facts.dtype)));
    const format: DenseFormat = formats.size === 1 ? [...formats][0]! : "f32";
    const data = alloc.tensor(`weights/${label}`, Math.ceil(out * inSize * wordsPerValue[format]));
    let row = 0;
    for (const f of found) {
      fills.set(f.name, { kind: "dense", format, data, at: row * inSize * wordsPerValue[format] });
      row += f.out;
    }
    return { format, out, in: inSize, data };
  };

  const { text, vision } = config;
  const quantised = (module: QuantSettings["modules"][number]): boolean => quant?.modules.includes(module) ?? false;
  const h = text.hiddenSize;

  const [embedName, embedFacts] = find("language_model.embed_tokens.weight");
  const vocab = embedFacts.shape[0] ?? 0;
  expectShape(embedName, embedFacts, [vocab, h]);
  const ownHead = resolveName("lm_head.weight", (n) => tensors.has(n)) !== undefined;
  if (!ownHead && !config.tiedHead) {
    throw new TabTuneError(
      "missing-tensor",
      "The checkpoint has no lm_head, and config.json does not say that it is tied to the embedding (tie_word_embeddings).",
      "Download all .safetensors files of the checkpoint again; if its head is tied indeed, set tie_word_embeddings to true in config.json.",
    );
  }
  const [headName, headFacts] = ownHead ? find("lm_head.weight") : [embedName, embedFacts];
  expectShape(headName, headFacts, [vocab, h]);
  denseOnly(embedName, embedFacts);
  denseOnly(headName, headFacts);
  // The GEMM wants `out` in fours: a vocabulary that is not gets zero rows, which the loss never reads.
  const headRows = Math.ceil(vocab / 4) * 4;
  const table = (label: string, name: string, facts: TensorFacts): DenseWeight => {
    const format = denseFormat(facts.dtype);
    const data = alloc.tensor(`weights/${label}`, Math.ceil(headRows * h * wordsPerValue[format]));
    fills.set(name, { kind: "dense", format, data, at: 0 });
    parameters += vocab * h;
    return { format, out: headRows, in: h, data };
  };
  const hostTable = (): HostTable => {
    const embedding: HostTable = { format: denseFormat(embedFacts.dtype), out: vocab, in: h, bytes: new Uint8Array() };
    fills.set(embedName, { kind: "host", table: embedding });
    parameters += vocab * h;
    return embedding;
  };
  const tied = headName === embedName;
  const headInParts = (): HeadWeight => {
    const format = denseFormat(headFacts.dtype);
    const rowWords = h * wordsPerValue[format];
    const partRows = Math.max(64, Math.floor(BASELINE_BINDING_BYTES / (4 * rowWords) / 64) * 64);
    const parts = Array.from({ length: Math.ceil(headRows / partRows) }, (_, n): DenseWeight => {
      const out = Math.min(partRows, headRows - n * partRows);
      return { format, out, in: h, data: alloc.tensor(`weights/lm_head.${n}`, Math.ceil(out * rowWords)) };
    });
    fills.set(headName, { kind: "parts", format, parts: parts.map(({ data }) => data) });
    parameters += vocab * h;
    return { out: headRows, in: h, parts };
  };
  // A tied table stays whole: the embedding kernel looks tokens up in one binding.
  const tiedTable = tied ? table("lm_head", headName, headFacts) : undefined;
  const head = tiedTable ? { out: headRows, in: h, parts: [tiedTable] } : headInParts();
  const large = vocab * h * 4 * wordsPerValue[denseFormat(embedFacts.dtype)] >= HOST_TABLE_BYTES;
  const embed = tiedTable ?? (large ? hostTable() : table("embed_tokens", embedName, embedFacts));

  const layers = Array.from({ length: text.numLayers }, (_, n): LlamaLayerWeights => {
    const w = (linear: Parameters<typeof languageModule>[1]): string => `${languageModule(n, linear)}.weight`;
    const q = text.numHeads * text.headSize;
    const kv = text.numKvHeads * text.headSize;
    const lm = quantised("language_model");
    const f = text.intermediateSize;
    return {
      inputNorm: vector(`language_model.layers.${n}.input_layernorm.weight`, [h]),
      qkv: matrix(
        `layers.${n}.qkv`,
        [
          [w("q_proj"), q],
          [w("k_proj"), kv],
          [w("v_proj"), kv],
        ],
        h,
        lm,
      ),
      o: matrix(`layers.${n}.o`, [[w("o_proj"), h]], q, lm),
      postNorm: vector(`language_model.layers.${n}.post_attention_layernorm.weight`, [h]),
      gateUp: matrix(
        `layers.${n}.gate_up`,
        [
          [w("gate_proj"), f],
          [w("up_proj"), f],
        ],
        h,
        lm,
      ),
      down: matrix(`layers.${n}.down`, [[w("down_proj"), h]], f, lm),
    };
  });
  const norm = vector("language_model.norm.weight", [h]);

  const tower = "vision_tower.vision_model";
  const c = vision.hiddenSize;
  const affine = (
    label: string,
    bases: [string, number][],
    inSize: number,
    module: QuantSettings["modules"][number],
  ): AffineWeight => {
    const weight = matrix(
      label,
      bases.map(([b, out]) => [`${b}.weight`, out]),
      inSize,
      quantised(module),
    );
    if (module === "multi_modal_projector" && !config.projectorBias) return { weight, bias: undefined };
    const bias = alloc.tensor(`weights/${label}.bias`, weight.out);
    let at = 0;
    for (const [base, out] of bases) {
      const [name, facts] = find(`${base}.bias`);
      expectShape(name, facts, [out]);
      fills.set(name, { kind: "dense", format: "f32", data: bias, at });
      parameters += out;
      at += out;
    }
    return { weight, bias };
  };
  const layerNorm = (base: string): NormWeight => ({
    weight: vector(`${base}.weight`, [c]),
    bias: vector(`${base}.bias`, [c]),
  });
  const patchIn = 3 * vision.patchSize ** 2;
  const weights: LlavaWeights = {
    vocab,
    embed,
    layers,
    norm,
    head,
    vision: {
      classEmbedding: vector(`${tower}.embeddings.class_embedding`, [c]),
      positionEmbedding: vector(`${tower}.embeddings.position_embedding.weight`, [patchesPerTile(vision) + 1, c]),
      patch: matrix(
        "patch_embedding",
        [[`${tower}.embeddings.patch_embedding.weight`, c]],
        patchIn,
        false,
      ) as DenseWeight,
      preNorm: layerNorm(`${tower}.pre_layrnorm`),
      layers: Array.from({ length: config.visionLayersUsed }, (_, n): ClipLayerWeights => {
        const base = `${tower}.encoder.layers.${n}`;
        const attn = `${base}.self_attn`;
        return {
          norm1: layerNorm(`${base}.layer_norm1`),
          qkv: affine(
            `vision.${n}.qkv`,
            [
              [`${attn}.q_proj`, c],
              [`${attn}.k_proj`, c],
              [`${attn}.v_proj`, c],
            ],
            c,
            "vision_tower",
          ),
          out: affine(`vision.${n}.out`, [[`${attn}.out_proj`, c]], c, "vision_tower"),
          norm2: layerNorm(`${base}.layer_norm2`),
          fc1: affine(`vision.${n}.fc1`, [[`${base}.mlp.fc1`, vision.intermediateSize]], c, "vision_tower"),
          fc2: affine(`vision.${n}.fc2`, [[`${base}.mlp.fc2`, c]], vision.intermediateSize, "vision_tower"),
        };
      }),
    },
    projector: {
      linear1: affine("projector.1", [["multi_modal_projector.linear_1", h]], c, "multi_modal_projector"),
      linear2: affine("projector.2", [["multi_modal_projector.linear_2", h]], h, "multi_modal_projector"),
    },
    imageNewline: config.kind === "llava_next" ? vector("image_newline", [h]) : undefined,
  };
  return { weights, fills, parameters };
}

/** One tensor as `loadOrQuantise` of weights/loading yields it. */
export type LoadedTensor =
  | { kind: "4bit"; codes: Uint8Array; absmax: Float32Array }
  | { kind: "dense"; dtype: Dtype; bytes: Uint8Array };

/** Puts a loaded tensor into its place. Throws TabTuneError "bad-tensor" for block maxima that the planned format cannot hold. */
export async function fillWeight(gpu: Gpu, fill: Fill, loaded: LoadedTensor, counters: Counters): Promise<void> {
  if (fill.kind === "4bit" && loaded.kind === "4bit") {
    const absmax = fill.absmaxFormat === "f16" ? absmaxToF16(loaded.absmax) : loaded.absmax;
    await Promise.all([
      upload(gpu, fill.codes, loaded.codes, counters, fill.codesAt),
      upload(gpu, fill.absmax, absmax, counters, fill.absmaxAt),
    ]);
  } else if (fill.kind === "dense" && loaded.kind === "dense") {
    await upload(gpu, fill.data, inFormat(loaded.bytes, loaded.dtype, fill.format), counters, fill.at);
  } else if (fill.kind === "parts" && loaded.kind === "dense") {
    const values = inFormat(loaded.bytes, loaded.dtype, fill.format);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    let at = 0;
    for (const part of fill.parts) {
      const end = Math.min(bytes.byteLength, at + part.length * 4);
      await upload(gpu, part, bytes.subarray(at, end), counters);
      at = end;
    }
  } else if (fill.kind === "host" && loaded.kind === "dense") {
    const { buffer, byteOffset, byteLength } = inFormat(loaded.bytes, loaded.dtype, fill.table.format);
    fill.table.bytes = new Uint8Array(buffer, byteOffset, byteLength);
  } else {
    throw new Error(`a ${loaded.kind} tensor arrived where ${fill.kind} was planned`);
  }
}

function inFormat(bytes: Uint8Array, dtype: Dtype, format: DenseFormat): Uint8Array | Float32Array | Uint16Array {
  if (formatOf[dtype] === format) return bytes;
  if (format === "bf16") throw new Error(`cannot turn ${dtype} into ${format}`);
  const values = toF32(bytes, dtype);
  return format === "f32" ? values : f32ToF16(values);
}
