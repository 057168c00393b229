/**
 * A LoRA adapter as a GGUF file for llama.cpp (`llama-cli --lora`): GGUF version 3 (ggml docs/gguf.md), keys and tensor names as
 * llama.cpp's convert_lora_to_gguf.py writes them. Of a Llama, llama.cpp rotates q and k in pairs of neighbours where transformers
 * rotates halves, so their rows are reordered within each head as in its conversion of the weights; A, on the input side, stays.
 */
import { TabTuneError } from "../errors.ts";
import type { GgufForm } from "../models/family.ts";
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

const tensorNames: Record<string, string> = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

const alignment = 32;
const typeString = 8;
const typeF32 = 6;
const typeU32 = 4;
/** ggml's type number of f32 tensors, and llama.cpp's of files that are all f32. */
const ggmlF32 = 0;

/** The whole file. Throws TabTuneError "bad-adapter" for modules that llama.cpp's language model does not have. */
export function ggufLora(
  { modules, trained }: Pick<ImportedAdapter, "modules" | "trained">,
  facts: GgufFacts,
): Uint8Array {
  if (trained.length > 0) {
    throw new TabTuneError(
      "bad-adapter",
      "This adapter holds a projector that was trained in full, for which llama.cpp's LoRA files have no place.",
      "Write a merged model instead (headless merge, or the page's export to a folder).",
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
    const loraB = gguf.pairsRotaryRows && heads > 0 ? pairRows(m.loraB, heads, m.outFeatures, rank) : m.loraB;
    // ggml counts dimensions from the innermost.
    return [
      { name: `${name}.weight.lora_a`, dims: [m.inFeatures, rank], data: m.loraA },
      { name: `${name}.weight.lora_b`, dims: [rank, m.outFeatures], data: loraB },
    ];
  });

  const head = new Bytes();
  head.ascii("GGUF");
  head.u32(3);
  head.u64(tensors.length);
  const text =
    (value: string) =>
    (key: string): void => {
      head.string(key);
      head.u32(typeString);
      head.string(value);
    };
  // llama.cpp divides by the rank again; rsLoRA's square root is folded in here.
  const alpha = (key: string): void => {
    head.string(key);
    head.u32(typeF32);
    head.f32(scale * rank);
  };
  const u32 =
    (value: number) =>
    (key: string): void => {
      head.string(key);
      head.u32(typeU32);
      head.u32(value);
    };
  const fields: Record<string, (key: string) => void> = {
    "general.architecture": text(gguf.architecture),
    "general.type": text("adapter"),
    "general.name": text(facts.name),
    "general.file_type": u32(ggmlF32),
    "adapter.type": text("lora"),
    "adapter.lora.alpha": alpha,
  };
  head.u64(Object.keys(fields).length);
  for (const [key, write] of Object.entries(fields)) write(key);
  let offset = 0;
  for (const { name, dims, data } of tensors) {
    head.string(name);
    head.u32(dims.length);
    for (const dim of dims) head.u64(dim);
    head.u32(ggmlF32);
    head.u64(offset);
    offset += padded(data.byteLength);
  }
  const start = padded(head.bytes.length);
  const file = new Uint8Array(start + offset);
  file.set(head.bytes);
  let at = start;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += padded(data.byteLength);
  }
  return file;
}

const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

function ggufName(module: string): string {
  const match = /^language_model\.layers\.(\d+)\.(.+)$/.exec(module);
  const part = match && tensorNames[match[2]!];
  if (part) return `blk.${match[1]}.${part}`;
  throw new TabTuneError(
    "bad-adapter",
    `The adapter changes ${module}, which llama.cpp's LoRA of a language model cannot hold.`,
    "Use the PEFT files, or a merged model.",
  );
}

/** Rows of B, [out, rank]: within a head, row i of the first half and row i of the second become neighbours. */
function pairRows(loraB: Float32Array, heads: number, out: number, rank: number): Float32Array {
  const paired = new Float32Array(loraB.length);
  const half = out / heads / 2;
  for (let head = 0; head < heads; head++) {
    for (let side = 0; side < 2; side++) {
      for (let i = 0; i < half; i++) {
        const from = (head * 2 + side) * half + i;
        const to = head * 2 * half + 2 * i + side;
        paired.set(loraB.subarray(from * rank, (from + 1) * rank), to * rank);
      }
    }
  }
  return paired;
}

/** Little-endian bytes that grow. */
class Bytes {
  readonly bytes: number[] = [];
  readonly #view = new DataView(new ArrayBuffer(8));

  #push(count: number): void {
    for (let i = 0; i < count; i++) this.bytes.push(this.#view.getUint8(i));
  }
  ascii(text: string): void {
    for (const character of text) this.bytes.push(character.charCodeAt(0));
  }
  u32(value: number): void {
    this.#view.setUint32(0, value, true);
    this.#push(4);
  }
  u64(value: number): void {
    this.#view.setBigUint64(0, BigInt(value), true);
    this.#push(8);
  }
  f32(value: number): void {
    this.#view.setFloat32(0, value, true);
    this.#push(4);
  }
  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.bytes.push(...bytes);
  }
}
