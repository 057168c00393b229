/**
 * Everything else that comes from strangers: weights, adapters, recipes, chat templates, tokenizers. What is taken is held against a plain
 * reading of the same bytes; what is refused has a sentence.
 */
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";
import { importPeft } from "../../adapter/peft-import.ts";
import type { Message } from "../../data/rows/row.ts";
import { compileTemplate, renderChat } from "../../data/text/chat-template.ts";
import { loadTokenizer } from "../../data/text/tokenizer.ts";
import { TabTuneError } from "../../errors.ts";
import { llavaNames } from "../../models/llava/names.ts";
import { readRecipe, toHuggingFace } from "../../recipe.ts";
import { dtypeBytes } from "../../weights/formats/dtype.ts";
import { readSafetensors, writeSafetensors } from "../../weights/formats/safetensors.ts";
import { thrown, type Verdict } from "./judge.ts";
import { damaged, type Random, randomOf } from "./mutate.ts";
import { mutateJson } from "./structured/json.ts";
import { mutateSafetensors } from "./structured/safetensors.ts";
import { mutateTemplate } from "./structured/template.ts";

export type FileKind = "safetensors" | "peft" | "recipe" | "template" | "tokenizer";

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../${name}`, import.meta.url)));
const text = (name: string): string => new TextDecoder().decode(read(name));
const encode = (words: string): Uint8Array => new TextEncoder().encode(words);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i / 8 - 3);
const weights = writeSafetensors(
  [
    { name: "embed_tokens.weight", dtype: "F32", shape: [8, 4], data: numbers(32) },
    { name: "norm.weight", dtype: "F16", shape: [4], data: new Uint16Array([1, 2, 3, 4]) },
    { name: "scalar", dtype: "I64", shape: [], data: new Uint8Array(8) },
    { name: "empty", dtype: "F32", shape: [0, 7], data: new Float32Array(0) },
  ],
  { format: "pt" },
);
const Q = "base_model.model.language_model.model.layers.0.self_attn.q_proj";
const adapter = writeSafetensors([
  { name: `${Q}.lora_A.weight`, dtype: "F32", shape: [2, 8], data: numbers(16) },
  { name: `${Q}.lora_B.weight`, dtype: "F32", shape: [6, 2], data: numbers(12) },
]);
const adapterConfig = {
  ...{ peft_type: "LORA", r: 2, lora_alpha: 4, bias: "none", lora_dropout: 0.1, base_model_name_or_path: "a/b" },
  ...{ target_modules: ["q_proj"], rank_pattern: {}, alpha_pattern: { q_proj: 8 }, modules_to_save: null },
};
const recipes = [
  { max_steps: 5, learning_rate: 1e-4, quantize_modules: ["language_model"], chat_template: "{{ messages }}", seed: 3 },
  { lora_r: 8, lora_dropout: 0.1, eval_strategy: "steps", early_stopping_patience: 2, modules_to_save: null },
];
const templates = Object.values(
  (JSON.parse(text("data/text/fixtures/chats.json")) as { templates: object }).templates,
) as string[];
const tokenizer = JSON.parse(text("data/text/fixtures/demo-tokenizer.json")) as { model: Record<string, unknown> };
const tokenizerConfig = JSON.parse(text("data/text/fixtures/demo-tokenizer-config.json")) as object;
const chat: Message[] = [
  { role: "user", content: [{ type: "image" }, { type: "text", text: "What is it?" }] },
  { role: "assistant", content: [{ type: "text", text: "A dog." }] },
];

/** An input and what reading it gives: the fault, undefined where all is well. Throws what reading throws. */
interface Trial {
  file: number;
  how: string;
  read(): Promise<string | undefined>;
}

const bytesOrJson = (value: unknown, random: Random): { text: string; how: string } => {
  if (random(4) > 0) return mutateJson(value, random);
  const { bytes, how } = damaged(encode(JSON.stringify(value)), random);
  return { text: decode(bytes), how };
};

/** A plain reading: names and their bytes, without a check. */
function plainTensors(bytes: Uint8Array): Map<string, Uint8Array> {
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(decode(bytes.subarray(8, start))) as Record<string, { data_offsets: [number, number] }>;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            data_offsets: [from, to],
          },
        ]) => [name, bytes.subarray(start + from, start + to)],
      ),
  );
}
const sameBytes = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.compare(a, b) === 0;

const TRIALS: Record<FileKind, (random: Random) => Trial> = {
  safetensors(random) {
    const { bytes, how } = random(3) === 0 ? damaged(weights, random) : mutateSafetensors(weights, random);
    return {
      file: 0,
      how,
      async read() {
        const { tensors } = await readSafetensors(bytes, "x.safetensors");
        const plain = plainTensors(bytes);
        if (plain.size !== tensors.size) return `${tensors.size} tensors of ${plain.size}`;
        for (const [name, { data, dtype, shape }] of tensors) {
          if (!sameBytes(data, plain.get(name))) return `${name} has other bytes`;
          if (shape.reduce((a, b) => a * b, dtypeBytes[dtype]) !== data.length) return `${name} is not its shape`;
        }
        return undefined;
      },
    };
  },
  peft(random) {
    const which = random(3);
    const file =
      which === 0
        ? damaged(adapter, random)
        : which === 1
          ? mutateSafetensors(adapter, random)
          : { bytes: adapter, how: "" };
    const config =
      which < 2 && random(3) > 0
        ? { text: JSON.stringify(adapterConfig), how: "" }
        : bytesOrJson(adapterConfig, random);
    return {
      file: which,
      how: `${file.how}; config: ${config.how}`,
      async read() {
        const { modules } = await importPeft(file.bytes, config.text, llavaNames);
        const plain = plainTensors(file.bytes);
        const {
          r,
          lora_alpha: alpha,
          use_rslora: rs,
        } = JSON.parse(config.text) as typeof adapterConfig & { use_rslora?: unknown };
        for (const { module, loraA, loraB, rank, inFeatures, outFeatures, scale } of modules) {
          if (loraA.length !== rank * inFeatures || loraB.length !== rank * outFeatures) return `${module}: sizes`;
          if (!Number.isFinite(scale) || scale <= 0) return `${module} has the scale ${scale}`;
          const isPlain = JSON.stringify(JSON.parse(config.text)) === JSON.stringify(adapterConfig);
          if (isPlain && scale !== 4) return `${module} has the scale ${scale} with r ${r}, alpha ${alpha}, ${rs}`;
          const f32 = [...plain].filter(
            ([, data]) => data.length === 4 * loraA.length || data.length === 4 * loraB.length,
          );
          for (const [name, data] of f32) {
            const ours = name.includes("lora_A") ? loraA : loraB;
            if (
              data.length === ours.byteLength &&
              !sameBytes(new Uint8Array(ours.buffer, ours.byteOffset, ours.byteLength), data)
            )
              return `${name} came in with other numbers`;
          }
        }
        return undefined;
      },
    };
  },
  recipe(random) {
    const file = random(recipes.length);
    const { text, how } = bytesOrJson(recipes[file], random);
    return {
      file,
      how,
      async read() {
        const read = toHuggingFace(readRecipe(text));
        for (const [key, value] of Object.entries(JSON.parse(text) as object))
          if (JSON.stringify(read[key]) !== JSON.stringify(value)) return `${key} is ${JSON.stringify(read[key])}`;
        return undefined;
      },
    };
  },
  template(random) {
    const file = random(templates.length);
    const { text: jinja, how } = mutateTemplate(templates[file]!, random);
    return {
      file,
      how,
      async read() {
        const template = compileTemplate(jinja, "checkpoint");
        const tokens = { bosToken: "<s>", eosToken: "</s>" };
        const ours = renderChat(chat, template, { addGenerationPrompt: false, ...tokens });
        // It ended within its budget, so the library without one ends as well.
        const content = (parts: Message["content"]): unknown =>
          template.takesParts ? parts : parts.map((part) => (part.type === "text" ? part.text : "<image>\n")).join("");
        const messages = chat.map((message) => ({ role: message.role, content: content(message.content) }));
        const theirs = new Template(jinja).render({
          messages,
          add_generation_prompt: false,
          bos_token: "<s>",
          eos_token: "</s>",
        });
        return ours === theirs
          ? undefined
          : `${JSON.stringify(ours.slice(0, 80))}, not ${JSON.stringify(theirs.slice(0, 80))}`;
      },
    };
  },
  tokenizer(random) {
    const which = random(3);
    // The vocabulary is most of the file: its rest changes as often.
    const { vocab, merges, ...model } = tokenizer.model;
    const rest = { ...tokenizer, model };
    const changed =
      which === 0
        ? bytesOrJson(tokenizer, random)
        : which === 1
          ? bytesOrJson(rest, random)
          : { text: JSON.stringify(tokenizer), how: "" };
    const json =
      which === 1
        ? changed.text.replace(
            /"model":\{/,
            () => `"model":{"vocab":${JSON.stringify(vocab)},"merges":${JSON.stringify(merges)},`,
          )
        : changed.text;
    const config =
      which < 2 ? { text: JSON.stringify(tokenizerConfig), how: "" } : bytesOrJson(tokenizerConfig, random);
    return {
      file: which,
      how: `${changed.how}; config: ${config.how}`,
      async read() {
        const loaded = loadTokenizer({ tokenizerJson: json, tokenizerConfigJson: config.text }, 3, 2048);
        const ids = loaded.encode("A dog, <image> 12 ü \u{1f600}</s>");
        if (!ids.every((id) => id >= 0 && id < 2048)) return `ids ${ids}`;
        const words = loaded.decode(ids);
        return typeof words === "string" ? undefined : `decodes to ${typeof words}`;
      },
    };
  },
};

/** The trial of a number and its verdict; the same on every machine. */
export async function judgeOther(kind: FileKind, n: number, seed: number): Promise<Verdict> {
  const { file, how, read } = TRIALS[kind](randomOf(seed * 1_000_003 + n));
  try {
    const fault = await read();
    return { file, how, outcome: "accepted", moved: 0, ...(fault === undefined ? {} : { fault }) };
  } catch (error) {
    if (error instanceof TabTuneError) {
      const long = error.message.length > 3000 ? { fault: `a sentence of ${error.message.length} characters` } : {};
      return { file, how, outcome: "refused", code: error.code, moved: 0, ...long };
    }
    return thrown(file, how, error);
  }
}
