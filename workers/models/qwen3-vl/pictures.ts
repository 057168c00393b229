/** Pictures of Qwen3-VL: whole, at free size within two limits, a slot for each square of patches that the tower merges. */
import type { PictureFormat } from "../../data/pictures/format.ts";
import { readSmartResize, smartPictures } from "../../data/pictures/smart-resize.ts";
import type { PictureFiles } from "../family.ts";

/** Throws TabTuneError "unsupported-model" where the files ask for what is not done, "bad-recipe" for limits that no picture meets. */
export function qwen3VlPictures({ processorJson, ...limits }: PictureFiles): PictureFormat {
  const { normalisation, ...spec } = readSmartResize(processorJson, limits);
  return smartPictures(spec, normalisation);
}
