/** Picture formats of small made-up models. Tests only. */
import type { PictureFormat } from "../data/pictures/format.ts";
import { asTheCheckpointSays, type PictureSettings } from "../models/family.ts";
import { familyOf } from "../models/registry.ts";

/** Of a tower of `tile` pixels in patches of `patch`; `changes` to config.json. */
export function formatOf(
  modelType: string,
  processorJson: unknown,
  {
    tile,
    patch,
    settings = {},
    ...changes
  }: {
    tile: number;
    patch: number;
    settings?: Partial<PictureSettings>;
    [key: string]: unknown;
  },
): PictureFormat {
  const configJson = {
    model_type: modelType,
    text_config: { model_type: "llama", hidden_size: 64, num_attention_heads: 4, intermediate_size: 128 },
    vision_config: {
      hidden_size: 32,
      intermediate_size: 64,
      num_attention_heads: 2,
      image_size: tile,
      patch_size: patch,
    },
    ...changes,
  };
  const family = familyOf(configJson);
  return family.pictures({
    config: family.parseConfig(configJson),
    configJson,
    processorJson,
    ...asTheCheckpointSays,
    ...settings,
  });
}
