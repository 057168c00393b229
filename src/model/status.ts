/** What the Model panel says, in words. */

import type { Capability } from "../../workers/protocol/engine.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import { parseRecipe } from "../../workers/recipe.ts";
import { bytes, count, grouped } from "../parts/format.ts";
import { words } from "../words/index.ts";

type Loaded = Pick<ModelInfo, "label" | "parameters" | "gpuBytes" | "from">;

interface Status {
  info: Loaded | undefined;
  /** A model is being loaded, which the bar beside it says. */
  busy: boolean;
  /** What a first step would wait for is done ahead. */
  readying: boolean;
}

export function statusOf({ info, busy, readying }: Status): string {
  const say = words().model.status;
  if (!info) return busy ? "" : say.none;
  const { label, parameters, gpuBytes, from } = info;
  const ready = say.ready(label, count(parameters), bytes(gpuBytes), from === "cache");
  return readying ? `${ready} ${say.readying}` : ready;
}

interface Load {
  busy: boolean;
  /** A run goes on. */
  running: boolean;
  capability: Capability | undefined;
}

/** Why no model can be loaded now; "" when one can. */
export function loadObstacle({ busy, running, capability }: Load): string {
  const say = words().model;
  if (busy) return say.busy;
  if (running) return say.running;
  if (!capability) return say.looking;
  return capability.usable ? "" : (capability.problem?.message ?? say.cannot);
}

type ShapeFacts = Pick<
  ModelInfo,
  "layers" | "hiddenSize" | "imageSize" | "imageTokens" | "freeSize" | "mostPictureTokens"
>;

/** The model's sizes, and what a picture costs in tokens. */
export function shapeWords(info: ShapeFacts): string {
  const { layers, hiddenSize, imageSize, imageTokens, freeSize, mostPictureTokens } = info;
  const say = words().model.about;
  return freeSize
    ? say.freeShapes(layers, hiddenSize, imageSize, grouped(mostPictureTokens))
    : say.shapes(layers, hiddenSize, imageSize, imageTokens);
}

/** Where a large picture makes rows longer than the recipe's default lets them be; "" where none does. */
export function rowWords({ mostPictureTokens, maxLength }: Pick<ModelInfo, "mostPictureTokens" | "maxLength">): string {
  if (maxLength <= parseRecipe({}).maxLength) return "";
  return words().model.about.longRows(grouped(mostPictureTokens), grouped(maxLength));
}
