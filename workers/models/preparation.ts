/** What crosses a worker's border of how rows are prepared for a model, and the objects that prepare them. */
import { type BoxTarget, noConvention } from "../data/boxes/convention.ts";
import type { Part, PictureFormat } from "../data/pictures/format.ts";
import type { Size } from "../data/pictures/pixels.ts";
import type { RowPreparation } from "../data/prepare-example.ts";
import { compileTemplate } from "../data/text/chat-template.ts";
import { loadTokenizer, type TextTokenizer } from "../data/text/tokenizer.ts";
import { type PictureSpec, pictureFormatOf } from "./picture-format.ts";
import { familyOf } from "./registry.ts";

/** Everything that the examples of a row depend on, as plain data. */
export interface PreparationSpec extends PictureSpec {
  /** Hash of the rest: rows that were prepared under another are not this model's. */
  id: string;
  tokenizerJson: string;
  tokenizerConfigJson: string;
  specialTokensMapJson?: string;
  /** Jinja. */
  template: string;
  imageTokenId: number;
  /** What generation stops at, where that is not the tokenizer's EOS token alone. */
  stopIds?: number[];
  /** Rows of the embedding table. */
  vocab: number;
}

/** Throws TabTuneError "bad-tokenizer". */
export const tokenizerOf = (spec: Omit<PreparationSpec, "id">): TextTokenizer =>
  loadTokenizer(spec, spec.imageTokenId, spec.vocab, spec.stopIds);

/** Throws TabTuneError "unsupported-model". */
export function preparationOf(spec: PreparationSpec, tokenizer = tokenizerOf(spec)): RowPreparation {
  const pictures = pictureFormatOf(spec);
  return {
    ...{ id: spec.id, tokenizer, pictures, boxes: boxTargetOf(spec, pictures) },
    template: compileTemplate(spec.template, "checkpoint"),
  };
}

/** How the model of `spec` writes boxes. */
export function boxTargetOf(
  { configJson }: Pick<PictureSpec, "configJson">,
  { resized, firstTile, mostTiles }: Pick<PictureFormat, "resized" | "firstTile" | "mostTiles">,
): BoxTarget {
  const { boxes } = familyOf(JSON.parse(configJson));
  // Of several tiles each shows a part, and all of them the whole.
  const seen = (size: Size): Part => firstTile!({ ...size, tiles: 1, tokens: 0 });
  const pictures = { resized, ...(firstTile && mostTiles === 1 ? { seen } : {}) };
  return boxes ? { convention: boxes, by: "model", ...pictures } : { ...noConvention, ...pictures };
}
