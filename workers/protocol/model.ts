/** What the page and the engine worker tell each other about a model: where it comes from, how its load goes on, what it is. */
import type { PreparationSpec } from "../models/preparation.ts";
import type { PictureWork } from "../training/picture-work.ts";
import type { DroppedFile } from "./dataset.ts";

export type ModelSource =
  | { kind: "embedded" }
  | { kind: "folder"; label: string; files: DroppedFile[] }
  /** `name`: owner/name or owner/name@revision; `endpoint`: the hub's address; `token`: "" for none. */
  | { kind: "hub"; name: string; endpoint: string; token: string };

export interface LoadProgress {
  /** "asking": a hub is asked what the model has; no weight has come yet. */
  phase: "asking" | "reading" | "quantising" | "uploading";
  /** 0 … 1 of the whole load. */
  fraction: number;
  /** For the status line: "language_model.model.layers.3.mlp.up_proj". */
  detail: string;
  /** What the network brings, while it is needed. `secondsLeft` is null while nothing comes. */
  fetched?: { bytes: number; total: number; bytesPerSecond: number; secondsLeft: number | null } | undefined;
}

/** Whether a run's memory is to be had on this GPU. */
export type Fits = "fits" | "tight" | "too-large";

/** A model of the hub before it is loaded: what it costs, and whether a run with the preset Practical would fit. */
export interface ModelPreview {
  /** As `ModelInfo` has it. */
  id: string;
  label: string;
  commit: string;
  licence: string;
  /** The hub gives it to some accounts only, each by a token of its own. */
  restricted: boolean;
  parameters: number;
  /** Bytes still to fetch; 0 when this browser has everything. */
  fetchBytes: number;
  diskBytes: number;
  /** Bytes of that which this browser has no room for. */
  lacksBytes: number;
  gpuBytes: number;
  /** GPU memory of a run with that preset, weights included. */
  trainingBytes: number;
  fits: Fits;
  /** "" when it fits. */
  advice: string;
}

export interface ModelInfo {
  id: string;
  label: string;
  parameters: number;
  /** Bytes on the GPU after quantising. */
  gpuBytes: number;
  /** What to know of the cache: that it was damaged, or could not be written; "" when all is well. */
  cacheNote: string;
  /** What to know of how its files were found and read. */
  fileNotes: string[];
  /** "cache" when the quantised weights came from this browser's storage. */
  from: "checkpoint" | "cache";
  layers: number;
  hiddenSize: number;
  /** Tokens that a row may have at most, whatever a recipe says. */
  positions: number;
  imageSize: number;
  imageTokens: number;
  /** Pictures are seen at their own size: the two are of a square of pixels then, of which a picture has many. */
  freeSize: boolean;
  /** What training a row with a picture of so many pixels takes; undefined where pictures are not seen at free size. */
  pictureWork: PictureWork[] | undefined;
  /** Image slots of its largest picture, marks between them included. */
  mostPictureTokens: number;
  /** `max_length` that takes a row with such a picture. */
  maxLength: number;
  preparation: PreparationSpec;
  /** The unit in which its publisher writes boxes in answers (`unitName`); undefined where none is known. */
  boxes: string | undefined;
  /** Recipe in Hugging Face names that suits this model (the demo brings its own); null for the presets. */
  recipe: Record<string, unknown> | null;
  /** Whether its chat template has a place for a system prompt. */
  systemRole: boolean;
  /** True for the embedded demo model, which knows no photographs. */
  demo: boolean;
}
