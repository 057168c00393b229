/** Which model of the catalogue to begin with on this machine, and why, in words. */
import { fitOfBytes } from "../../workers/engine/fit.ts";
import type { Capability } from "../../workers/protocol/engine.ts";
import type { Fits } from "../../workers/protocol/model.ts";
import type { PictureWork } from "../../workers/training/picture-work.ts";
import { bytes, flops } from "../parts/format.ts";
import { words } from "../words/index.ts";

export interface Entry {
  name: string;
  /** On the hub; null for the embedded model. */
  repo: string | null;
  parameters: number;
  fetchBytes: number;
  diskBytes: number;
  /** Weights on the GPU, and all of a run with the preset Practical. */
  gpuBytes: number;
  trainingBytes: number;
  /** Of a training step with that preset. */
  flopsPerRow: number;
  /** Of models that see pictures at free size. */
  pictureWork?: PictureWork[];
  licence: string;
}

/** The models of the hub by what a run takes, the least first; a browser does not say how much memory a graphics card has. */
export function groupsOf(catalogue: readonly Entry[]): [fits: Fits, entries: Entry[]][] {
  return (["fits", "tight", "too-large"] as const)
    .map((fits): [Fits, Entry[]] => [
      fits,
      catalogue.filter(({ repo, trainingBytes }) => repo !== null && fitOfBytes(trainingBytes) === fits),
    ])
    .filter(([, entries]) => entries.length > 0);
}

/** What is left of a browser's storage; without an answer, all that is asked for. */
const roomOf = (capability: Capability | undefined): number => {
  const storage = capability?.storage;
  return storage ? storage.quota - storage.usage : Number.POSITIVE_INFINITY;
};

/** The model for photographs to begin with: what takes least memory and has room here. The catalogue lists it in that order. */
export function bestOf(catalogue: readonly Entry[], capability: Capability | undefined): Entry {
  const models = catalogue.filter(({ repo }) => repo !== null);
  return models.find(({ diskBytes }) => diskBytes <= roomOf(capability)) ?? models[0]!;
}

/** Why, in words that end in a full stop. */
export function reasonFor(entry: Entry, capability: Capability | undefined): string {
  const { trainingBytes, fetchBytes, flopsPerRow, diskBytes } = entry;
  const room = roomOf(capability);
  const say = words().model.first;
  return [
    say.takes(bytes(trainingBytes), fitOfBytes(trainingBytes) === "fits", bytes(fetchBytes), flops(flopsPerRow)),
    ...(diskBytes > room ? [say.noRoom(bytes(diskBytes), bytes(Math.max(0, room)))] : []),
    ...(capability?.adapter?.software ? [say.software] : []),
  ].join(" ");
}
