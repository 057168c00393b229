/** What the page is told of a loaded model. */

import { takesSystem } from "../chat/system.ts";
import { unitName } from "../data/boxes/convention.ts";
import { embeddedJson } from "../data/embedded.ts";
import { compileTemplate } from "../data/text/chat-template.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import type { ModelInfo } from "../protocol/model.ts";
import { pictureWorkOf } from "../training/picture-work.ts";
import { usualMaxLength } from "../training/plan.ts";

/** `demo`: the embedded model, which brings a recipe of its own. */
export async function modelInfoOf(loaded: LoadedModel, demo: boolean): Promise<ModelInfo> {
  const { config, vlm } = loaded;
  return {
    id: loaded.id,
    label: loaded.files.label,
    parameters: vlm.layout.parameters,
    gpuBytes: vlm.counters.bytesAllocated,
    from: loaded.from,
    layers: config.decoder.numLayers,
    hiddenSize: config.decoder.hiddenSize,
    positions: positionsOf(config.decoder),
    imageSize: config.tower.imageSize,
    imageTokens: featuresPerTile(config),
    freeSize: config.tower.freeSize !== undefined,
    pictureWork: pictureWorkOf(loaded),
    maxLength: usualMaxLength(loaded),
    mostPictureTokens: loaded.pictures.mostSlots,
    preparation: loaded.preparation,
    boxes: loaded.family.boxes && unitName(loaded.family.boxes),
    recipe: demo ? ((await embeddedJson("recipe.json")) ?? null) : null,
    systemRole: takesSystem(compileTemplate(loaded.preparation.template, "checkpoint")),
    demo,
    cacheNote: loaded.cacheNote,
    fileNotes: loaded.fileNotes,
  };
}
