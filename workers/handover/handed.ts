/** What a handed-over run is made of, as types. */
import type { Position } from "../data/batches/sampler.ts";
import type { ModuleMatrices, Moments, TrainedValues } from "../models/adapter-slabs.ts";
import type { NamedData } from "./named-pictures.ts";

export interface HandedFile {
  path: string;
  data: Uint8Array | string;
}

/** What a run begins with on the server. */
export interface Beginning {
  modules: readonly ModuleMatrices[];
  trained: readonly TrainedValues[];
  /** Adam's, of a run that goes on; undefined where there are none. */
  moments: { first: Moments; second: Moments } | undefined;
  /** Optimizer steps that were made. */
  step: number;
  position: Position;
}

/** Pictures that stay in a data set of a hub, and the files that say where. */
export type NamedPictures = NamedData & { train: string; validation?: string };

/** handover.json: what train.py has to know beside the recipe. */
export interface HandoverFacts {
  format: 1;
  /** `class`: transformers'. `config`: keys of config.json by which pictures are cut as here. */
  model: {
    name: string;
    revision: string | null;
    inside: boolean;
    class: string;
    config: Record<string, unknown>;
    skip_modules: string[];
  };
  data: { train: string; validation?: string; pictures?: NamedPictures };
  /** To train on, and held out. */
  rows: number;
  held_out: number;
  /** Of the whole run, those that were made included. */
  steps: number;
  /** Steps that were made; and how many of the first epoch of the order lie before the next one. */
  start: { step: number; window: number };
  text: {
    takes_parts: boolean;
    bos_token: string;
    eos_token: string;
    end_tokens: readonly string[];
    /** Ids that are no target. */
    never: number[];
  };
}
