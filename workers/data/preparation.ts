/** The plain `PreparationSpec` that crosses worker borders -> the objects that prepare rows with it. */

import type { PreparationSpec } from "../protocol.ts";
import { parsePreprocessor } from "./pictures/crop.ts";
import type { ImageSpec } from "./pictures/prepare-image.ts";
import { type ChatTemplate, compileTemplate } from "./text/chat-template.ts";
import { loadTokenizer, type TextTokenizer } from "./text/tokenizer.ts";

export interface Preparation {
  tokenizer: TextTokenizer;
  template: ChatTemplate;
  image: ImageSpec;
}

export function preparationOf(spec: PreparationSpec): Preparation {
  return {
    tokenizer: loadTokenizer(
      {
        tokenizerJson: spec.tokenizerJson,
        tokenizerConfigJson: spec.tokenizerConfigJson,
        specialTokensMapJson: spec.specialTokensMapJson,
      },
      spec.imageTokenId,
      spec.vocab,
    ),
    template: compileTemplate(spec.template, "checkpoint"),
    image: {
      kind: spec.kind,
      preprocessor: parsePreprocessor(JSON.parse(spec.preprocessorJson)),
      patchSize: spec.patchSize,
      featureSelect: spec.featureSelect,
      ...(spec.gridPinpoints ? { gridPinpoints: spec.gridPinpoints } : {}),
      maxImageTiles: spec.maxImageTiles ?? null,
    },
  };
}
