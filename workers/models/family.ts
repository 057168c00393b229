/**
 * A model family is data: what its files mean. The parts (parts/) know no family, and nothing else branches on one; what a new
 * family has to say is what this type asks. docs/adding-a-model.md walks through one.
 */
import type { BoxConvention } from "../data/boxes/convention.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import type { Dtype } from "../weights/formats/dtype.ts";
import type { GgufFields } from "../weights/formats/gguf.ts";
import type { VlmConfig } from "./config.ts";

export type Json = Record<string, unknown>;

/** Attributes of transformers' processor, by their Python names. */
export type ProcessorAttributes = Record<string, string | number>;

/** What a recipe says of pictures; null: as the checkpoint says. */
export interface PictureSettings {
  /** Cap on the tiles of one picture. */
  maxImageTiles: number | null;
  /** Whether pictures are cut into tiles at all. */
  doImageSplitting: boolean | null;
  /** What the longer side is resized to before. */
  imageLongestEdge: number | null;
  /** Pixels of a picture at least and at most, once it is resized. */
  minPixels: number | null;
  maxPixels: number | null;
}

export const asTheCheckpointSays: PictureSettings = {
  ...{ maxImageTiles: null, doImageSplitting: null, imageLongestEdge: null, minPixels: null, maxPixels: null },
};

/** Settings of which only the first has to be said; those that are not are null. */
export type GivenSettings = Pick<PictureSettings, "maxImageTiles"> & Partial<PictureSettings>;

/** The settings of a recipe, or of a spec, and nothing else of it. */
export const pictureSettingsOf = ({
  maxImageTiles,
  doImageSplitting = null,
  imageLongestEdge = null,
  minPixels = null,
  maxPixels = null,
}: GivenSettings): PictureSettings => ({ maxImageTiles, doImageSplitting, imageLongestEdge, minPixels, maxPixels });

/** What a family makes its picture format of. */
export interface PictureFiles extends PictureSettings {
  config: VlmConfig;
  configJson: unknown;
  /** The image processor's settings: preprocessor_config.json, or their place in processor_config.json. */
  processorJson: unknown;
}

/** Keys of a model's files that make whoever loads them cut pictures as a recipe's settings did. */
export interface WrittenSettings {
  /** Of the image processor's file. */
  processor: Json;
  /** Of config.json. */
  config: Json;
  /** What of the settings cannot be said in such files. */
  note?: string;
}

/** Where a recipe's settings say nothing to the family, or nothing at all. */
export const nothingWritten: WrittenSettings = { processor: {}, config: {} };

/** A checkpoint of the hub by its shapes: plans, the catalogue and the bench are computed from it without the files. */
export interface PublishedModel {
  dtype: Dtype;
  vocab: number;
  /** What its config.json says. */
  config: Json;
}

export interface GgufForm {
  architecture: string;
  /** Whether llama.cpp rotates neighbours where transformers rotates halves: rows of q and k are reordered within each head. */
  pairsRotaryRows: boolean;
  /** Fields of this model beside those that every one has. */
  fields?: GgufFields;
}

/** How llama.cpp takes tower and connector. */
export interface VisionForm {
  /** Its name of the connector, which decides how pictures are cut too. */
  projector: string;
  /** [3] of the pixels' normalisation. */
  mean: number[];
  std: number[];
  /** Fields of this model beside those that every one has. */
  fields: GgufFields;
  /** What llama.cpp writes around each picture by itself, where the model's own template does so too. */
  marks?: readonly [before: string, after: string];
  /** What llama.cpp does otherwise than training did, a sentence each. */
  notes: string[];
}

export interface Family {
  /** `model_type` of config.json. */
  modelType: string;
  /** transformers' class: what the adapter's card imports. */
  modelClass: string;
  /** Sizes and names. Throws TabTuneError "unsupported-model", naming the field of config.json. */
  parseConfig(json: Json): VlmConfig;
  /** The chat template where neither recipe nor checkpoint has one. */
  chatTemplate(configJson: Json): string;
  /** Throws TabTuneError "unsupported-model" where the files do not lead to square tiles of one size. */
  pictures(files: PictureFiles): PictureFormat;
  /** The image processor's settings as published checkpoints have them: plans are made without files. */
  processorOf(config: VlmConfig): Json;
  /**
   * How its publisher writes boxes in answers: the model has learned them so, and boxes of data are converted to it. Absent where no
   * publisher says. "resized pixels" needs `resized` of its pictures.
   */
  boxes?: BoxConvention;
  /** The settings that its pictures obey; whoever gives another is told that it has no effect. */
  pictureSettings: readonly (keyof PictureSettings)[];
  /** How files say the settings of `files` that its pictures obey. */
  writtenSettings(files: PictureFiles): WrittenSettings;
  /** What transformers has to be told to count image slots because `processor_config.json` does not say it; undefined where it does. */
  missingAttributes(processorConfigJson: Json, config: VlmConfig): ProcessorAttributes | undefined;
  /** How llama.cpp knows the language model of a config.json; absent where it has none of the family. */
  gguf?(configJson: Json): GgufForm;
  /**
   * How llama.cpp sees with it; absent where it cannot. Throws TabTuneError "unsupported-model" where it would see otherwise than the
   * model has learned to.
   */
  vision?(files: PictureFiles): VisionForm;
  /** By repository of the hub. */
  published: Readonly<Record<string, PublishedModel>>;
}
