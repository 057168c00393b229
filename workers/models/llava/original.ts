/**
 * LLaVA in the layout of its own repository (haotian-liu/LLaVA), which transformers cannot read although config.json may say
 * model_type "llava" too: the tower is a name (mm_vision_tower), the connector's tensors are called mm_projector.
 */
import { TabTuneError } from "../../errors.ts";
import type { Json } from "../family.ts";

const architecture = /^Llava(Llama|Mistral|Mixtral|Mpt|Qwen|Gemma)?ForCausalLM$/;

/** Published conversions: language model, hidden size, layers, and whether pictures are cut into tiles. */
const conversions: [
  of: string,
  isLike: [model: string, hiddenSize: number, layers: number, tiles: boolean],
  repo: string,
][] = [
  ["LLaVA-1.5 7B", ["llama", 4096, 32, false], "llava-hf/llava-1.5-7b-hf"],
  ["LLaVA-1.5 13B", ["llama", 5120, 40, false], "llava-hf/llava-1.5-13b-hf"],
  ["LLaVA-NeXT 7B (Vicuna)", ["llama", 4096, 32, true], "llava-hf/llava-v1.6-vicuna-7b-hf"],
  ["LLaVA-NeXT 13B (Vicuna)", ["llama", 5120, 40, true], "llava-hf/llava-v1.6-vicuna-13b-hf"],
  ["LLaVA-NeXT 7B (Mistral)", ["mistral", 4096, 32, true], "llava-hf/llava-v1.6-mistral-7b-hf"],
  ["LLaVA-NeXT 34B", ["llama", 7168, 60, true], "llava-hf/llava-v1.6-34b-hf"],
];

/** Whether a config.json is of the original layout. */
export function isOriginalLayout(json: Json): boolean {
  if (typeof json.text_config === "object" && json.text_config !== null) return false;
  const named = [json.architectures].flat().some((name) => typeof name === "string" && architecture.test(name));
  return named || Object.keys(json).some((key) => /^mm_(vision_tower|projector_type|hidden_size)$/.test(key));
}

/** The refusal of a checkpoint in the original layout, with the conversion of the same kind where one is published. */
export function originalLayout(json: Json): TabTuneError {
  const names = [json.model_type, json.architectures].flat().join(" ").toLowerCase();
  const model = /mistral/.test(names) ? "mistral" : /qwen|mpt|gemma|mixtral/.test(names) ? "" : "llama";
  const tiles = /anyres/.test(String(json.image_aspect_ratio));
  const like = JSON.stringify([model, json.hidden_size, json.num_hidden_layers, tiles]);
  const known = conversions.find(([, isLike]) => JSON.stringify(isLike) === like);
  const example = known ? `for ${known[0]} it is ${known[2]}` : "such as llava-hf/llava-1.5-7b-hf";
  return new TabTuneError(
    "not-a-checkpoint",
    "This checkpoint has the layout of the original LLaVA repository (mm_vision_tower, mm_projector), not the one of transformers.",
    `Choose the conversion of the same model, whose name ends in -hf (${example}); a model of your own is converted by convert_llava_weights_to_hf.py of transformers.`,
  );
}
