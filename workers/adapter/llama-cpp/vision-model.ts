/**
 * Tower and connectors as llama.cpp's second file, `mmproj`: fields and tensors of the architecture "clip" (its tools/mtmd/clip-impl.h,
 * clip.cpp; conversion/smolvlm.py, conversion/qwen3vl.py and tools/mtmd/legacy-models/convert_image_encoder_to_gguf.py say how files are filled). Weights are
 * F16, vectors and embeddings F32.
 */
import { clipModules, deepstackOf, positionTableRows, type TowerConfig, type VlmConfig } from "../../models/config.ts";
import type { VisionForm } from "../../models/family.ts";
import { CONNECTOR, deepstackConnector, TOWER, towerLayer } from "../../models/names.ts";
import { elementsOf } from "../../weights/formats/dtype.ts";
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
    // Of pictures at free size, the one whose patches have a row each of the position table.
    "clip.vision.image_size": { u32: tower.freeSize ? tower.freeSize.tableSide * tower.patchSize : tower.imageSize },
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
  const norm = (name: string, neutral: string, length = size): SourcedTensor[] =>
    ["weight", "bias"].map((part) => vector(`${name}.${part}`, `${neutral}.${part}`, length));
  const linear = (name: string, neutral: string, [out, width]: [number, number], bias = true): SourcedTensor[] => [
    merged.tensor(`${name}.weight`, `${neutral}.weight`, { shape: [out, width], type: "F16" }),
    ...(bias ? [vector(`${name}.bias`, `${neutral}.bias`, out)] : []),
  ];
  const layers = Array.from({ length: tower.layersUsed }, (_, n) => {
    const [from, to] = [towerLayer(n), `v.blk.${n}`];
    const [up, down] = mlpNames(tower);
    const m = tower.modules ?? clipModules;
    const heads = m.qkv.length === 1 ? ["attn_qkv"] : ["attn_q", "attn_k", "attn_v"];
    return [
      ...norm(`${to}.ln1`, `${from}.${m.norm1}`),
      ...heads.flatMap((name, n) => linear(`${to}.${name}`, `${from}.${m.qkv[n]}`, [(3 * size) / heads.length, size])),
      ...linear(`${to}.attn_out`, `${from}.${m.out}`, [size, size]),
      ...norm(`${to}.ln2`, `${from}.${m.norm2}`),
      ...linear(`${to}.${up}`, `${from}.${m.fc1}`, [tower.intermediateSize, size]),
      ...linear(`${to}.${down}`, `${from}.${m.fc2}`, [size, tower.intermediateSize]),
    ];
  }).flat();

  const { hiddenSize: between = connector.outSize } = connector;
  const [first, second] = connector.modules;
  const squared = connector.inSize * connector.shuffle ** 2;
  const project = (name: string, module: string, [out, width]: [number, number]): SourcedTensor[] => [
    ...linear(name, `${CONNECTOR}.${module}`, [out, width], connector.bias),
    // Of two linears llama.cpp always adds a bias.
    ...(second !== undefined && !connector.bias ? [zeros(`${name}.bias`, out)] : []),
  ];
  const projector =
    second === undefined
      ? project("mm.model.fc", first, [connector.outSize, squared])
      : [...project("mm.0", first, [between, squared]), ...project("mm.2", second, [connector.outSize, between])];
  const deepstack = deepstackOf(config).flatMap(({ layer, connector: c }, k) => {
    const [from, to] = [deepstackConnector(k), `v.deepstack.${layer}`];
    const [fc1, fc2] = c.modules;
    const width = c.inSize * c.shuffle ** 2;
    return [
      ...norm(`${to}.norm`, `${from}.norm`, width),
      ...linear(`${to}.fc1`, `${from}.${fc1}`, [c.hiddenSize ?? c.outSize, width]),
      ...linear(`${to}.fc2`, `${from}.${fc2}`, [c.outSize, c.hiddenSize ?? c.outSize]),
    ];
  });

  const embeddings = `${TOWER}.embeddings`;
  return [
    ...(tower.classToken === "none" ? [] : [vector("v.class_embd", `${embeddings}.class_embedding`)]),
    ...patchFrames(merged, tower, `${embeddings}.patch_embedding.weight`),
    ...(tower.patchBias ? [vector("v.patch_embd.bias", `${embeddings}.patch_embedding.bias`)] : []),
    positions(merged, config, `${embeddings}.position_embedding.weight`),
    // The name is spelt so in CLIP's files.
    ...(tower.preNorm ? norm("v.pre_ln", `${TOWER}.pre_layrnorm`) : []),
    ...layers,
    ...(tower.postNorm ? norm("v.post_ln", `${TOWER}.post_layernorm`) : []),
    // A norm over the tower's rows in front of the connector is llama.cpp's last one of the tower.
    ...(connector.norm ? norm("v.post_ln", `${CONNECTOR}.norm`) : []),
    ...(config.extraRow === null ? [] : [vector("v.image_newline", config.extraRow, connector.outSize)]),
    ...projector,
    ...deepstack,
  ];
}

/** The patch embedding; one of two frames is two tensors. */
function patchFrames(
  merged: MergedTensors,
  { hiddenSize, patchSize, frames = 1 }: TowerConfig,
  neutral: string,
): SourcedTensor[] {
  const shape = [hiddenSize, 3, patchSize, patchSize];
  if (frames === 1) return [merged.tensor("v.patch_embd.weight", neutral, { shape, type: "F32" })];
  const area = patchSize ** 2;
  return Array.from({ length: frames }, (_, frame) =>
    merged.tensor(frame === 0 ? "v.patch_embd.weight" : `v.patch_embd.weight.${frame}`, neutral, {
      ...{ shape, type: "F32", wholeSize: frames * elementsOf(shape) },
      reorder: (all) =>
        Float32Array.from({ length: elementsOf(shape) }, (_, i) => {
          const [channel, place] = [Math.floor(i / area), i % area];
          return all[(channel * frames + frame) * area + place]!;
        }),
    }),
  );
}

/** llama.cpp takes the row of a patch's own place; where the model takes another, the table is laid out so. */
function positions(merged: MergedTensors, { tower }: VlmConfig, neutral: string): SourcedTensor {
  const { hiddenSize: size, positionRows: rows } = tower;
  const shape = [positionTableRows(tower), size];
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
