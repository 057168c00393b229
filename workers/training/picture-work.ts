/** What a limit of pixels costs, before a model is loaded with it: of models that see pictures at free size. */
import { PICTURE_SIDES, practical } from "../recipe.ts";
import { onModel, type PlannedModel, TEXT_TOKENS } from "./plan.ts";

/** Of a square picture: its side in pixels, its tokens, and FLOPs of training a row with it that was never seen. */
export interface PictureWork {
  side: number;
  tokens: number;
  flops: number;
}

/** By the plan of the recipe `practical`, for each of `PICTURE_SIDES`; undefined of models whose pictures have a size of their own. */
export function pictureWorkOf(model: PlannedModel): PictureWork[] | undefined {
  const { freeSize, imageSize } = model.config.tower;
  if (!freeSize) return undefined;
  return PICTURE_SIDES.map((side) => {
    const tokens = Math.max(1, Math.floor(side / imageSize) ** 2);
    const maxLength = tokens + TEXT_TOKENS;
    const recipe = { ...practical, maxPixels: side ** 2, maxLength };
    const pictures = { mostTiles: tokens, mostSlots: tokens };
    const rows = recipe.perDeviceTrainBatchSize * recipe.gradientAccumulationSteps;
    const { flops } = onModel({ ...model, pictures }, recipe).planOf({ rows, longest: maxLength, pictures: 1 });
    return { side, tokens, flops: flops.executed / rows };
  });
}
