/**
 * A LoRA adapter as a GGUF file for llama.cpp (`llama-cli --lora`): GGUF version 3 (ggml docs/gguf.md), keys and tensor names as
 * llama.cpp's convert_lora_to_gguf.py writes them. Of a Llama, llama.cpp rotates q and k in pairs of neighbours where transformers
 * rotates halves, so their rows are reordered within each head as in its conversion of the weights; A, on the input side, stays.
 */
import { TabTuneError } from "../errors.ts";
import type { GgufForm } from "../models/family.ts";
import { bytesOf } from "../weights/formats/dtype.ts";
import { ggufHeader, padded } from "../weights/formats/gguf.ts";
import { decoderNames, pairRows } from "./llama-cpp/names.ts";
import type { ImportedAdapter } from "./peft-import.ts";
import { uniformAdapter } from "./uniform.ts";

export interface GgufFacts {
  /** Shown by tools. */
  name: string;
  numHeads: number;
  numKvHeads: number;
  /** How llama.cpp knows the language model (`Family.gguf`); undefined where it does not. */
  gguf: GgufForm | undefined;
}

const mergeInstead =
  "Write the whole model for llama.cpp instead (gguf --merged, or “Ollama and llama.cpp” on the page): it has the change in its weights";

/** The whole file. Throws TabTuneError "bad-adapter" for modules that llama.cpp's language model does not have. */
export function ggufLora(
  { modules, trained }: Pick<ImportedAdapter, "modules" | "trained">,
  facts: GgufFacts,
): Uint8Array {
  if (trained.length > 0) {
    throw new TabTuneError(
      "bad-adapter",
      "This adapter holds a projector that was trained in full, for which llama.cpp's LoRA files have no place.",
      `${mergeInstead}.`,
    );
  }
  const { gguf } = facts;
  if (!gguf) {
    throw new TabTuneError(
      "bad-adapter",
      "How llama.cpp names the language model of this family is not known here, so there is no GGUF file of it.",
      "Use the PEFT files, or write a merged model.",
    );
  }
  const { rank, scale, modules: uniform } = uniformAdapter(modules);
  const tensors = uniform.flatMap((m) => {
    const name = ggufName(m.module);
    const heads = m.module.endsWith("q_proj") ? facts.numHeads : m.module.endsWith("k_proj") ? facts.numKvHeads : 0;
    const loraB = gguf.pairsRotaryRows && heads > 0 ? pairRows(m.loraB, heads, rank) : m.loraB;
    return [
      { name: `${name}.weight.lora_a`, shape: [rank, m.inFeatures], type: "F32" as const, data: m.loraA },
      { name: `${name}.weight.lora_b`, shape: [m.outFeatures, rank], type: "F32" as const, data: loraB },
    ];
  });
  const head = ggufHeader(
    {
      "general.architecture": { text: gguf.architecture },
      "general.type": { text: "adapter" },
      "general.name": { text: facts.name },
      "general.file_type": { u32: 0 },
      "adapter.type": { text: "lora" },
      // llama.cpp divides by the rank again; rsLoRA's square root is folded in here.
      "adapter.lora.alpha": { f32: scale * rank },
    },
    tensors,
  );
  const file = new Uint8Array(tensors.reduce((bytes, { data }) => bytes + padded(data.byteLength), head.length));
  file.set(head);
  let at = head.length;
  for (const { data } of tensors) {
    file.set(bytesOf(data), at);
    at += padded(data.byteLength);
  }
  return file;
}

function ggufName(module: string): string {
  const match = /^language_model\.layers\.(\d+)\.(.+)$/.exec(module);
  const part = match && decoderNames[match[2]!];
  if (part) return `blk.${match[1]}.${part}`;
  throw new TabTuneError(
    "bad-adapter",
    `The adapter changes ${module}, which llama.cpp's LoRA of a language model cannot hold.`,
    `${mergeInstead}; the PEFT files hold it too.`,
  );
}
