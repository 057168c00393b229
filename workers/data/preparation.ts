/** The plain `PreparationSpec` that crosses worker borders -> the objects that prepare rows with it. */

import { parsePreprocessor } from "./pictures/crop.ts";
import type { ImageSpec } from "./pictures/prepare-image.ts";
import { type ChatTemplate, compileTemplate } from "./text/chat-template.ts";
import { loadTokenizer, type TextTokenizer } from "./text/tokenizer.ts";

/** What the dataset worker needs to turn rows into examples: plain data, so that it can cross the border. */
export interface PreparationSpec {
  /** Hash over everything below: part of a data set's identity. */
  id: string;
  tokenizerJson: string;
  tokenizerConfigJson: string;
  specialTokensMapJson?: string;
  /** Jinja chat template in force. */
  template: string;
  imageTokenId: number;
  /** Rows of the model's embedding: a token with an id beyond them cannot be trained on. */
  vocab: number;
  preprocessorJson: string;
  kind: "clip" | "anyres";
  patchSize: number;
  featureSelect: "default" | "full";
  gridPinpoints?: [number, number][];
  maxImageTiles?: number;
}

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
