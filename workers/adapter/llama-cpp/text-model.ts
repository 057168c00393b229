/**
 * The language model as a GGUF file: fields and tensors as llama.cpp reads the architectures "llama", "qwen2"
 * and "qwen3vl" (its docs/gguf.md, gguf-py/gguf/constants.py, conversion/llama.py and conversion/qwen3vl.py).
 */
import type { DecoderConfig } from "../../models/config.ts";
import type { GgufForm } from "../../models/family.ts";
import { DECODER, decoderLayer } from "../../models/names.ts";
import { fitsQ8, type GgufFields, type GgufType } from "../../weights/formats/gguf.ts";
import { decoderNames, pairRows } from "./names.ts";
import type { MergedTensors, SourcedTensor } from "./tensors.ts";

export type WeightType = "f16" | "q8_0";

/** llama.cpp's numbers of what a file mostly holds. */
export const fileTypes: Record<WeightType, number> = { f16: 1, q8_0: 7 };

export function textFields(name: string, d: DecoderConfig, form: GgufForm, rows: number, type: WeightType): GgufFields {
  const { architecture: a } = form;
  return {
    "general.architecture": { text: a },
    "general.type": { text: "model" },
    "general.name": { text: name },
    "general.file_type": { u32: fileTypes[type] },
    "general.quantization_version": { u32: 2 },
    [`${a}.vocab_size`]: { u32: rows },
    [`${a}.context_length`]: { u32: d.maxPositions },
    [`${a}.embedding_length`]: { u32: d.hiddenSize },
    [`${a}.block_count`]: { u32: d.numLayers },
    [`${a}.feed_forward_length`]: { u32: d.intermediateSize },
    [`${a}.attention.head_count`]: { u32: d.numHeads },
    [`${a}.attention.head_count_kv`]: { u32: d.numKvHeads },
    [`${a}.attention.key_length`]: { u32: d.headSize },
    [`${a}.attention.value_length`]: { u32: d.headSize },
    [`${a}.attention.layer_norm_rms_epsilon`]: { f32: d.rmsNormEps },
    [`${a}.rope.dimension_count`]: { u32: d.headSize },
    [`${a}.rope.freq_base`]: { f32: d.ropeTheta },
    ...form.fields,
  };
}

/** Linears whose rows are no whole blocks of Q8_0 stay in F16; vectors are F32. */
export function textTensors(merged: MergedTensors, d: DecoderConfig, form: GgufForm, rows: number, type: WeightType) {
  const h = d.hiddenSize;
  const quantised = (shape: readonly number[]): GgufType => (type === "q8_0" && fitsQ8(shape) ? "Q8_0" : "F16");
  const matrix = (name: string, neutral: string, shape: [number, number], heads = 0): SourcedTensor =>
    merged.tensor(name, neutral, {
      shape,
      type: quantised(shape),
      ...(heads > 0 && form.pairsRotaryRows ? { reorder: (w: Float32Array) => pairRows(w, heads, shape[1]) } : {}),
    });
  const vector = (name: string, neutral: string, size: number): SourcedTensor =>
    merged.tensor(name, neutral, { shape: [size], type: "F32" });

  const [q, kv] = [d.numHeads * d.headSize, d.numKvHeads * d.headSize];
  const linears: Record<string, { shape: [number, number]; heads?: number }> = {
    "self_attn.q_proj": { shape: [q, h], heads: d.numHeads },
    "self_attn.k_proj": { shape: [kv, h], heads: d.numKvHeads },
    "self_attn.v_proj": { shape: [kv, h] },
    "self_attn.o_proj": { shape: [h, q] },
    "mlp.gate_proj": { shape: [d.intermediateSize, h] },
    "mlp.up_proj": { shape: [d.intermediateSize, h] },
    "mlp.down_proj": { shape: [h, d.intermediateSize] },
  };
  const layers = Array.from({ length: d.numLayers }, (_, n) => {
    const [from, to] = [decoderLayer(n), `blk.${n}`];
    return [
      vector(`${to}.attn_norm.weight`, `${from}.input_layernorm.weight`, h),
      vector(`${to}.ffn_norm.weight`, `${from}.post_attention_layernorm.weight`, h),
      ...(d.qkNorm
        ? [
            vector(`${to}.attn_q_norm.weight`, `${from}.self_attn.q_norm.weight`, d.headSize),
            vector(`${to}.attn_k_norm.weight`, `${from}.self_attn.k_norm.weight`, d.headSize),
          ]
        : []),
      ...Object.entries(linears).flatMap(([module, { shape, heads }]) => [
        matrix(`${to}.${decoderNames[module]}.weight`, `${from}.${module}.weight`, shape, heads),
        ...(d.qkvBias && /[qkv]_proj/.test(module)
          ? [vector(`${to}.${decoderNames[module]}.bias`, `${from}.${module}.bias`, shape[0])]
          : []),
      ]),
    ];
  }).flat();
  // A head that is not there is the embedding table, which llama.cpp takes by itself.
  const ownHead = merged.has("lm_head.weight");
  return [
    matrix("token_embd.weight", `${DECODER}.embed_tokens.weight`, [rows, h]),
    vector("output_norm.weight", `${DECODER}.norm.weight`, h),
    ...(ownHead ? [matrix("output.weight", "lm_head.weight", [rows, h])] : []),
    ...layers,
  ];
}
