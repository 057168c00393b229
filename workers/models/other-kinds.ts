/** Checkpoints that a family's model_type does not tell apart from its own: refused by config.json and tensor names, before a weight is read. */
import { TabTuneError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import type { Json } from "./family.ts";
import { isOriginalLayout, originalLayout } from "./llava/original.ts";

const remedy =
  "Choose the unquantised original of the model (load_in_4bit makes 4-bit weights of it while it loads), or one that bitsandbytes stored in 4 bits.";

const quantised = (how: string): TabTuneError =>
  new TabTuneError("unsupported-model", `The checkpoint is quantised ${how}, which cannot be trained on here.`, remedy);

const object = (value: unknown): Json | undefined => (isJsonObject(value) ? value : undefined);

/** Throws TabTuneError "not-a-checkpoint" or "unsupported-model" where config.json says another kind of checkpoint. */
export function refuseOtherConfig(json: Json): void {
  if (isOriginalLayout(json)) throw originalLayout(json);
  const settings = object(json.quantization_config) ?? object(object(json.text_config)?.quantization_config);
  if (settings && Object.keys(settings).length > 0) refuseQuantisation(settings);
  if (object(json.quantization)?.bits !== undefined) throw quantised("by MLX (quantization of config.json)");
}

function refuseQuantisation(settings: Json): void {
  // Files of early transformers name no method: bitsandbytes was the only one.
  const isBitsandbytes = settings.load_in_4bit !== undefined || settings.load_in_8bit !== undefined;
  const method = String(settings.quant_method ?? (isBitsandbytes ? "bitsandbytes" : "a method without a name"));
  if (!method.startsWith("bitsandbytes")) {
    const shown = /^(awq|gptq|hqq|aqlm|eetq|fp8|exl2)$/i.test(method) ? method.toUpperCase() : method.slice(0, 60);
    throw quantised(`by ${shown} (quantization_config of config.json)`);
  }
  if (settings.load_in_8bit === true && settings.load_in_4bit !== true) {
    throw quantised("by bitsandbytes in 8 bits (quantization_config of config.json)");
  }
}

/** Models with pictures that people have, by model_type; what has a family is not looked up here. */
const otherModels: ReadonlyMap<string, string> = new Map([
  ["aya_vision", "Aya Vision"],
  ["blip-2", "BLIP-2"],
  ["deepseek_vl", "DeepSeek-VL"],
  ["florence2", "Florence-2"],
  ["fuyu", "Fuyu"],
  ["gemma3", "Gemma 3"],
  ["gemma3n", "Gemma 3n"],
  ["gemma4", "Gemma 4"],
  ["glm4v", "GLM-4V"],
  ["got_ocr2", "GOT-OCR 2"],
  ["idefics", "Idefics"],
  ["idefics2", "Idefics2"],
  ["instructblip", "InstructBLIP"],
  ["internvl", "InternVL"],
  ["internvl_chat", "InternVL in its own layout"],
  ["kosmos-2", "Kosmos-2"],
  ["lfm2_vl", "LFM2-VL"],
  ["llava_next_video", "LLaVA-NeXT-Video"],
  ["minicpmv", "MiniCPM-V"],
  ["mistral3", "Mistral Small 3"],
  ["mllama", "Llama 3.2 Vision"],
  ["molmo", "Molmo"],
  ["moondream1", "Moondream"],
  ["multi_modality", "Janus or DeepSeek-VL in their own layout"],
  ["paligemma", "PaliGemma"],
  ["phi3_v", "Phi-3.5-vision"],
  ["phi4mm", "Phi-4-multimodal"],
  ["pixtral", "Pixtral"],
  ["qwen2_vl", "Qwen2-VL"],
  ["qwen2_5_vl", "Qwen2.5-VL"],
  ["qwen3_vl_moe", "Qwen3-VL with a mixture of experts"],
  ["qwen3_5", "Qwen3.5"],
  ["video_llava", "Video-LLaVA"],
  ["vipllava", "ViP-LLaVA"],
]);

/** What a config.json is of that no family reads, as the end of a sentence. */
export function otherKind(json: Json): string {
  const type = String(json.model_type).slice(0, 100);
  const known = otherModels.get(type);
  if (known !== undefined) return `is of ${known} (model_type "${type}"), which cannot be trained here`;
  const seesNothing = ["vision_config", "vision_tower", "mm_vision_tower", "visual"].every(
    (key) => json[key] === undefined,
  );
  if (seesNothing && json.vocab_size !== undefined) {
    return `is of a language model without a vision tower (model_type "${type}"): it cannot be shown a picture`;
  }
  return `says model_type "${type}", which is no model that can be trained here`;
}

/** Tensors that only another kind of checkpoint has. */
const foreignTensors: [pattern: RegExp, error: (name: string) => TabTuneError][] = [
  [/(^|\.)mm_projector\./, () => originalLayout({})],
  [/\.qweight$/, (name) => quantised(`by GPTQ or AWQ (it has the tensor ${name})`)],
  [/\.weight_packed$|\.weight_scale(_inv)?$/, (name) => quantised(`(it has the tensor ${name})`)],
  [/\.SCB$/, (name) => quantised(`by bitsandbytes in 8 bits (it has the tensor ${name})`)],
];

/** The same by the names of the tensors, for a config.json that does not say it. */
export function refuseOtherTensors(names: Iterable<string>): void {
  for (const name of names) {
    const found = foreignTensors.find(([pattern]) => pattern.test(name));
    if (found) throw found[1](JSON.stringify(name.slice(0, 200)));
  }
}
