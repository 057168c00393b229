/** What the page is told of a loaded model. */

import { embeddedJson } from "../data/embedded.ts";
import { featuresPerTile } from "../models/config.ts";
import { fitsOrt } from "../models/onnx/ort.ts";
import type { LoadedModel } from "../models/open.ts";
import type { ModelInfo } from "../protocol/model.ts";

/** `demo`: the embedded model, which brings a recipe of its own. */
export async function modelInfoOf(loaded: LoadedModel, demo: boolean): Promise<ModelInfo> {
  const { config, llava } = loaded;
  return {
    id: loaded.id,
    label: loaded.files.label,
    parameters: llava.layout.parameters,
    gpuBytes: llava.counters.bytesAllocated,
    from: loaded.from,
    layers: config.text.numLayers,
    hiddenSize: config.text.hiddenSize,
    imageSize: config.vision.imageSize,
    imageTokens: featuresPerTile(config),
    maxLength: config.text.maxPositions,
    preparation: loaded.preparation,
    recipe: demo ? ((await embeddedJson("recipe.json")) ?? null) : null,
    demo,
    vision: fitsOrt(config) && !loaded.checkpoint.versionOf ? "onnxruntime" : "own",
    cacheNote: loaded.cacheNote,
  };
}
