/** Weights in forms other than safetensors: what they are, and what to choose instead. Names of files alone are looked at. */
import { TabTuneError } from "../../errors.ts";
import { counted, listed } from "../../words.ts";
import type { ModelFiles } from "./source.ts";

const hubForm = "Choose the model's folder in Hugging Face form, with config.json and .safetensors files.";
const convert =
  "Use a revision of the model that has model.safetensors, or convert it with transformers: load it by from_pretrained and write it by save_pretrained(folder, safe_serialization=True).";

/** The first that fits is told: files that say most of a folder come first. */
const kinds: { pattern: RegExp; what: string; remedy: string }[] = [
  { pattern: /\.gguf$/i, what: "GGUF, the form for inference with llama.cpp and Ollama", remedy: hubForm },
  { pattern: /\.(bin|pt|pth|ckpt)$/i, what: "a format that can run code (pickle)", remedy: convert },
  { pattern: /\.(h5|msgpack)$/i, what: "the form of TensorFlow or Flax", remedy: convert },
  { pattern: /\.npz$/i, what: "the form of MLX or NumPy", remedy: hubForm },
  { pattern: /\.onnx$/i, what: "ONNX, a form for inference", remedy: hubForm },
];
/** Files with such endings that are no weights of a model. */
const besides =
  /(^|\/)(training_args|optimizer|scheduler|rng_state.*|mm_projector|non_lora_trainables|adapter_model)\.\w+$/;

const heldBy = (files: ModelFiles, pattern: RegExp): string[] =>
  files.names().filter((name) => pattern.test(name) && !besides.test(name));

/** What holds the weights of a folder that has no safetensors file of a model; undefined where nothing does. */
export function foreignWeights(files: ModelFiles): TabTuneError | undefined {
  for (const { pattern, what, remedy } of kinds) {
    const found = heldBy(files, pattern);
    if (found.length === 0) continue;
    const where = found.length > 1 ? `${counted(found.length, "file")} (${listed(found, 3)})` : found[0];
    return new TabTuneError(
      "missing-file",
      `${files.label} has its weights in ${where}, ${what}; TabTune reads safetensors only.`,
      remedy,
    );
  }
  return undefined;
}

/** Whether a file's name is that of a model's weights, in whatever form. */
export const isWeights = (name: string): boolean =>
  !besides.test(name) && (/\.safetensors$/.test(name) || kinds.some(({ pattern }) => pattern.test(name)));
