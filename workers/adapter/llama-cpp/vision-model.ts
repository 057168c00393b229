/**
 * Tower and connector as llama.cpp's second file, `mmproj`: fields and tensors of the architecture "clip" (its tools/mtmd/clip-impl.h,
 * clip.cpp; conversion/smolvlm.py and tools/mtmd/legacy-models/convert_image_encoder_to_gguf.py say how files are filled). Weights are
 * F16, vectors and embeddings F32.
 */
import type { TowerConfig, VlmConfig } from "../../models/config.ts";
import type { VisionForm } from "../../models/family.ts";
import { CONNECTOR, TOWER, towerLayer } from "../../models/names.ts";
import type { GgufFields } from "../../weights/formats/gguf.ts";
import { type MergedTensors, type SourcedTensor, zeros } from "./tensors.ts";
import { fileTypes } from "./text-model.ts";

export function visionFields(name: string, { tower, connector }: VlmConfig, form: VisionForm): GgufFields {
  return {
    "general.architecture": { text: "clip" },
    "general.type": { text: "mmproj" },
    "general.name": { text: name },
    "general.file_type": { u32: fileTypes.f16 },
    "clip.has_vision_encoder": { bool: true },
    "clip.projector_type": { text: form.projector },
    // The exact GELU has no place in llama.cpp, which takes the tanh one for it too.
    "clip.use_gelu": { bool: tower.activation !== "quick_gelu" },
    "clip.vision.image_size": { u32: tower.imageSize },
    "clip.vision.patch_size": { u32: tower.patchSize },
    "clip.vision.embedding_length": { u32: tower.hiddenSize },
    "clip.vision.feed_forward_length": { u32: tower.intermediateSize },
    "clip.vision.projection_dim": { u32: connector.outSize },
    "clip.vision.block_count": { u32: tower.layersUsed },
    "clip.vision.attention.head_count": { u32: tower.numHeads },
    "clip.vision.attention.layer_norm_epsilon": { f32: tower.layerNormEps },
    "clip.vision.image_mean": { f32s: form.mean },
    "clip.vision.image_std": { f32s: form.std },
    ...form.fields,
  };
}

/** Layers behind the one that the connector takes are left out. */
export function visionTensors(merged: MergedTensors, config: VlmConfig): SourcedTensor[] {
  const { tower, connector } = config;
  const size = tower.hiddenSize;
  const vector = (name: string, neutral: string, length = size): SourcedTensor =>
    merged.tensor(name, neutral, { shape: [length], type: "F32" });
  const norm = (name: string, neutral: string): SourcedTensor[] =>
    ["weight", "bias"].map((part) => vector(`${name}.${part}`, `${neutral}.${part}`));
  const linear = (name: string, neutral: string, [out, width]: [number, number], bias = true): SourcedTensor[] => [
    merged.tensor(`${name}.weight`, `${neutral}.weight`, { shape: [out, width], type: "F16" }),
    ...(bias ? [vector(`${name}.bias`, `${neutral}.bias`, out)] : []),
  ];
  const layers = Array.from({ length: tower.layersUsed }, (_, n) => {
    const [from, to] = [towerLayer(n), `v.blk.${n}`];
    const [up, down] = mlpNames(tower);
    return [
      ...norm(`${to}.ln1`, `${from}.layer_norm1`),
      ...linear(`${to}.attn_q`, `${from}.self_attn.q_proj`, [size, size]),
      ...linear(`${to}.attn_k`, `${from}.self_attn.k_proj`, [size, size]),
      ...linear(`${to}.attn_v`, `${from}.self_attn.v_proj`, [size, size]),
      ...linear(`${to}.attn_out`, `${from}.self_attn.out_proj`, [size, size]),
      ...norm(`${to}.ln2`, `${from}.layer_norm2`),
      ...linear(`${to}.${up}`, `${from}.mlp.fc1`, [tower.intermediateSize, size]),
      ...linear(`${to}.${down}`, `${from}.mlp.fc2`, [size, tower.intermediateSize]),
    ];
  }).flat();

  const [first, second] = connector.modules;
  const project = (name: string, module: string, width: number): SourcedTensor[] => [
    ...linear(name, `${CONNECTOR}.${module}`, [connector.outSize, width], connector.bias),
    // Of two linears llama.cpp always adds a bias.
    ...(second !== undefined && !connector.bias ? [zeros(`${name}.bias`, connector.outSize)] : []),
  ];
  const projector =
    second === undefined
      ? project("mm.model.fc", first, connector.inSize * connector.shuffle ** 2)
      : [...project("mm.0", first, connector.inSize), ...project("mm.2", second, connector.outSize)];

  const embeddings = `${TOWER}.embeddings`;
  return [
    ...(tower.classToken === "none" ? [] : [vector("v.class_embd", `${embeddings}.class_embedding`)]),
    merged.tensor("v.patch_embd.weight", `${embeddings}.patch_embedding.weight`, {
      shape: [size, 3, tower.patchSize, tower.patchSize],
      type: "F32",
    }),
    ...(tower.patchBias ? [vector("v.patch_embd.bias", `${embeddings}.patch_embedding.bias`)] : []),
    positions(merged, config, `${embeddings}.position_embedding.weight`),
    // The name is spelt so in CLIP's files.
    ...(tower.preNorm ? norm("v.pre_ln", `${TOWER}.pre_layrnorm`) : []),
    ...layers,
    ...(tower.postNorm ? norm("v.post_ln", `${TOWER}.post_layernorm`) : []),
    ...(config.extraRow === null ? [] : [vector("v.image_newline", config.extraRow, connector.outSize)]),
    ...projector,
  ];
}

/** llama.cpp takes the row of a patch's own place; where the model takes another, the table is laid out so. */
function positions(merged: MergedTensors, { tower }: VlmConfig, neutral: string): SourcedTensor {
  const { hiddenSize: size, positionRows: rows } = tower;
  const patches = Math.floor(tower.imageSize / tower.patchSize) ** 2;
  const shape = [patches + (tower.classToken === "none" ? 0 : 1), size];
  const reorder = (table: Float32Array): Float32Array => {
    const laid = new Float32Array(table.length);
    rows!.forEach((row, patch) => {
      laid.set(table.subarray(row * size, (row + 1) * size), patch * size);
    });
    return laid;
  };
  return merged.tensor("v.position_embd.weight", neutral, { shape, type: "F32", ...(rows ? { reorder } : {}) });
}

/**
 * Files of old had the two names of the MLP swapped, which llama.cpp tells by the width of `ffn_down`. Where both widths are equal it
 * takes any file for such a one.
 */
const mlpNames = ({ hiddenSize, intermediateSize }: TowerConfig): [first: string, second: string] =>
  hiddenSize === intermediateSize ? ["ffn_down", "ffn_up"] : ["ffn_up", "ffn_down"];
