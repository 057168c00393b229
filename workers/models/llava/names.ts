/**
 * Names of LLaVA checkpoints. transformers renamed the modules twice:
 *   before 4.52   language_model.model.layers…         language_model.lm_head   vision_tower.vision_model.…
 *   4.52 on       model.language_model.layers…         lm_head                  model.vision_tower.vision_model.…
 *   5.x           as 4.52, but the tower may drop `vision_model.`
 */
import { CONNECTOR, DECODER, type NameScheme, TOWER } from "../names.ts";

export const llavaNames: NameScheme = [
  ["lm_head.", ["language_model.lm_head.", "lm_head.", "model.lm_head."]],
  [`${DECODER}.`, ["language_model.model.", "model.language_model.", "language_model."]],
  [
    `${TOWER}.`,
    ["vision_tower.vision_model.", "model.vision_tower.vision_model.", "model.vision_tower.", "vision_tower."],
  ],
  [`${CONNECTOR}.`, ["multi_modal_projector.", "model.multi_modal_projector."]],
];
