/** How llama.cpp knows a Qwen3-VL and sees with it (its conversion/qwen3vl.py, src/models/qwen3vl.cpp, tools/mtmd/models/qwen3vl.cpp). */
import { readSmartResize } from "../../data/pictures/smart-resize.ts";
import { deepstackOf } from "../config.ts";
import type { GgufForm, Json, PictureFiles, VisionForm } from "../family.ts";
import { refuse } from "../llava/llama-cpp.ts";
import { parseQwen3VlConfig, sectionsOf } from "./config.ts";

/** Tokens of a picture at least and at most, unless who starts llama.cpp says otherwise. */
const [LEAST_TOKENS, MOST_TOKENS] = [8, 4096];

export function qwen3VlGguf(configJson: Json): GgufForm {
  const config = parseQwen3VlConfig(configJson);
  return {
    architecture: "qwen3vl",
    pairsRotaryRows: false,
    fields: {
      // llama.cpp has room for a fourth.
      "qwen3vl.rope.dimension_sections": { i32s: [...sectionsOf(configJson), 0] },
      "qwen3vl.n_deepstack_layers": { u32: deepstackOf(config).length },
    },
  };
}

export function qwen3VlVision({ config, processorJson, ...limits }: PictureFiles): VisionForm {
  const { normalisation, minPixels, maxPixels, tileSize } = readSmartResize(processorJson, limits);
  const { tower, connector } = config;
  if (!normalisation.doRescale || !normalisation.doNormalize)
    throw refuse("does not normalise its pictures (do_rescale or do_normalize is false)");
  if (tower.frames !== 2) throw refuse(`has patches of ${tower.frames} frames (temporal_patch_size)`);
  if (tower.freeSize?.ropeTheta !== 10000) throw refuse("has another base of the tower's RoPE than 10000");
  if (connector.shuffle !== 2)
    throw refuse(`merges ${connector.shuffle} x ${connector.shuffle} patches (spatial_merge_size)`);
  const tapped = deepstackOf(config).map(({ layer }) => layer);
  const [least, most] = [Math.ceil(minPixels / tileSize ** 2), Math.floor(maxPixels / tileSize ** 2)];
  return {
    projector: "qwen3vl_merger",
    ...{ mean: normalisation.mean, std: normalisation.std, marks: ["<|vision_start|>", "<|vision_end|>"] },
    fields: {
      "clip.vision.spatial_merge_size": { u32: connector.shuffle },
      "clip.vision.is_deepstack_layers": {
        bools: Array.from({ length: tower.layersUsed }, (_, n) => tapped.includes(n)),
      },
    },
    notes: [
      ...(least === LEAST_TOKENS && most === MOST_TOKENS
        ? []
        : [
            `Training showed pictures in ${least} to ${most} tokens, and llama.cpp shows them in ${LEAST_TOKENS} to ${MOST_TOKENS}; start it with --image-min-tokens ${least} --image-max-tokens ${most}.`,
          ]),
      "llama.cpp keeps a picture's proportions and fills up to whole blocks with black, where training stretched it by those few pixels.",
      "llama.cpp from before July 2026 (its pull request 25781) stretches this tower's positions otherwise, so places in pictures are off there.",
    ],
  };
}
