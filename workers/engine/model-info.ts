/** What the page is told of a loaded model. */
import { featuresPerTile } from "../model/config.ts";
import type { ModelInfo } from "../protocol.ts";
import { fitsOrt } from "../vision/ort.ts";
import { embeddedJson } from "./embedded.ts";
import type { LoadedModel } from "./loaded-model.ts";

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
