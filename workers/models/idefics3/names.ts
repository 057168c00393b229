/** Names of Idefics3 and SmolVLM checkpoints: those of the modules, in every version of transformers. */
import { CONNECTOR, DECODER, type NameScheme, TOWER } from "../names.ts";

export const idefics3Names: NameScheme = [
  ["lm_head.", ["lm_head."]],
  [`${DECODER}.`, ["model.text_model."]],
  [`${TOWER}.`, ["model.vision_model."]],
  [`${CONNECTOR}.`, ["model.connector."]],
];
