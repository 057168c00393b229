/** What crosses a worker's border of how pictures are prepared for a model, and the object that prepares them. */
import type { PictureFormat } from "../data/pictures/format.ts";
import type { PictureSettings } from "./family.ts";
import { familyOf, parseConfig } from "./registry.ts";

/** Everything that a picture's pixels and slots depend on, as plain data. */
export interface PictureSpec {
  /** Text of config.json, and of the image processor's settings. */
  configJson: string;
  processorJson: string;
  maxImageTiles: PictureSettings["maxImageTiles"];
  /** Where the recipe says it and the family obeys it. */
  doImageSplitting?: PictureSettings["doImageSplitting"];
  imageLongestEdge?: PictureSettings["imageLongestEdge"];
  minPixels?: PictureSettings["minPixels"];
  maxPixels?: PictureSettings["maxPixels"];
}

/** The pictures' part of a larger spec: what a thread that prepares them is sent. */
export function pictureSpecOf(spec: PictureSpec): PictureSpec {
  const { configJson, processorJson } = spec;
  return { configJson, processorJson, ...settingsOf(spec) };
}

/** The recipe's settings in it. */
export const settingsOf = ({
  maxImageTiles,
  doImageSplitting = null,
  imageLongestEdge = null,
  minPixels = null,
  maxPixels = null,
}: PictureSpec): PictureSettings => ({ maxImageTiles, doImageSplitting, imageLongestEdge, minPixels, maxPixels });

/** Throws TabTuneError "unsupported-model". */
export function pictureFormatOf(spec: PictureSpec): PictureFormat {
  const configJson = JSON.parse(spec.configJson);
  return familyOf(configJson).pictures({
    config: parseConfig(configJson),
    configJson,
    processorJson: JSON.parse(spec.processorJson),
    ...settingsOf(spec),
  });
}
