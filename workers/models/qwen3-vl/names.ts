/** Names of Qwen3-VL checkpoints: those of the modules, in every version of transformers that knows the family. */
import { CONNECTOR, DECODER, DEEPSTACK, type NameScheme, TOWER } from "../names.ts";

export const qwen3VlNames: NameScheme = [
  ["lm_head.", ["lm_head."]],
  [`${DECODER}.`, ["model.language_model."]],
  [`${TOWER}.embeddings.patch_embedding.`, ["model.visual.patch_embed.proj."]],
  [`${TOWER}.embeddings.position_embedding.`, ["model.visual.pos_embed."]],
  [`${TOWER}.encoder.layers.`, ["model.visual.blocks."]],
  [`${TOWER}.`, ["model.visual."]],
  [`${CONNECTOR}.`, ["model.visual.merger."]],
  [`${DEEPSTACK}.`, ["model.visual.deepstack_merger_list."]],
];
