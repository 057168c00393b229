/** `config.json` of LLaVA-OneVision -> sizes. transformers: models/llava_onevision/configuration_llava_onevision.py. */
import type { VlmConfig } from "../config.ts";
import { configReader } from "../config-json.ts";
import type { Json } from "../family.ts";
import { type LlavaKind, parseLlavaConfig } from "../llava/config.ts";

export const reader = configReader(
  "Choose a LLaVA-OneVision checkpoint with a Qwen2 language model and a SigLIP vision tower.",
);

/** SigLIP so400m at 384 pixels without its last layer: what a file without a vision_config means. */
const so400m: Json = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 26,
  num_attention_heads: 16,
  image_size: 384,
  patch_size: 14,
};

const kind: LlavaKind = {
  reader,
  ...{ text: "qwen2", tower: "siglip_vision_model", visionConfig: so400m, towers: ["siglip_vision_model"] },
  ...{ featureLayer: -1, select: "full", imageToken: 151646 },
};

/** Throws TabTuneError "unsupported-model". */
export function parseLlavaOnevisionConfig(json: Json): VlmConfig {
  pinpointsOf(json);
  mostTilesOf(json);
  return { ...parseLlavaConfig(json, "llava_onevision", kind), extraRow: "image_newline", blends: true };
}

type Pinpoints = [height: number, width: number][];

const sides = [1, 2, 3, 4, 5, 6].map((n) => 384 * n);
/** The grids of the published models: 1 to 6 tiles down and across. */
const usual: Pinpoints = sides.flatMap((height) => sides.map((width): Pinpoints[number] => [height, width]));

/** (height, width) of the grids that config.json names. Throws TabTuneError "unsupported-model". */
export const pinpointsOf = ({ image_grid_pinpoints: value }: Json): Pinpoints =>
  value == null ? usual : reader.pinpoints(value);

/** The N of `vision_aspect_ratio` "anyres_max_N": a picture has no more features than N tiles. */
export function mostTilesOf({ vision_aspect_ratio: ratio = "anyres_max_9" }: Json): number {
  const most = Number(/^anyres_max_([1-9]\d{0,3})$/.exec(String(ratio))?.[1]);
  return most > 0 ? most : reader.refuse(`"vision_aspect_ratio" is ${JSON.stringify(ratio)}, not anyres_max_N`);
}
