/** LLaVA-NeXT (v1.6): LLaVA-1.5 with pictures cut into the tiles of a grid. transformers: models/llava_next/. */
import type { Family, Json, PictureFiles, VisionForm } from "../family.ts";
import { llavaChatTemplate } from "../llava/chat-template.ts";
import { type LlavaKind, llavaKind, parseLlavaConfig } from "../llava/config.ts";
import { llavaVision } from "../llava/llama-cpp.ts";
import { llavaAttributes, llavaBoxes, llavaGguf, llavaProcessor } from "../llava/llava.ts";
import { cappedGrids } from "../llava/pictures.ts";
import { decoderShapes, mistralShapes, towerShapes } from "../llava/published.ts";
import { llavaNextPictures, pinpointsOf } from "./pictures.ts";

/** Its pictures are cut for CLIP's towers. */
const kind: LlavaKind = { ...llavaKind, towers: ["clip_vision_model"] };

export const llavaNext: Family = {
  modelType: "llava_next",
  modelClass: "LlavaNextForConditionalGeneration",
  parseConfig(json: Json) {
    pinpointsOf(json);
    return { ...parseLlavaConfig(json, "llava_next", kind), extraRow: "image_newline" };
  },
  chatTemplate: (json) => llavaChatTemplate(json),
  pictures: llavaNextPictures,
  processorOf: llavaProcessor,
  boxes: llavaBoxes,
  pictureSettings: ["maxImageTiles"],
  writtenSettings: (files) => cappedGrids(files, pinpointsOf(files.configJson as Json)),
  missingAttributes: llavaAttributes,
  gguf: (json) => llavaGguf(json),
  vision: llavaNextVision,
  published: {
    "llava-hf/llava-v1.6-mistral-7b-hf": {
      dtype: "F16",
      vocab: 32064,
      config: {
        model_type: "llava_next",
        text_config: mistralShapes(4096, 14336, 32, 8),
        vision_config: towerShapes,
        image_grid_pinpoints: pinpointsOf({}),
      },
    },
    "llava-hf/llava-v1.6-vicuna-7b-hf": {
      dtype: "F16",
      vocab: 32064,
      config: {
        model_type: "llava_next",
        text_config: decoderShapes(4096, 11008, 32, 32),
        vision_config: towerShapes,
        image_grid_pinpoints: pinpointsOf({}),
      },
    },
  },
};

/** llama.cpp cuts the same tiles and puts their features behind each other. */
function llavaNextVision(files: PictureFiles): VisionForm {
  const form = llavaVision(files);
  const grids = pinpointsOf(files.configJson as Json);
  const { config } = cappedGrids(files, grids);
  const left = (config.image_grid_pinpoints ?? grids) as typeof grids;
  return {
    ...form,
    fields: {
      ...form.fields,
      "clip.vision.mm_patch_merge_type": { text: "spatial_unpad" },
      "clip.vision.image_grid_pinpoints": { i32s: left.flatMap(([height, width]) => [width, height]) },
    },
    notes: [
      ...form.notes.slice(1),
      "llama.cpp reads a picture's tiles one behind the other, where training laid their features out row by row with a mark behind each row and without padding: answers to pictures may differ.",
    ],
  };
}
