/** Which model of the catalogue to begin with on this machine, and why, in words. */
import { fitOfBytes } from "../../workers/engine/fit.ts";
import type { Capability } from "../../workers/protocol/engine.ts";
import type { Fits } from "../../workers/protocol/model.ts";
import { bytes, flops } from "../parts/format.ts";

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
  licence: string;
  about: string;
}

/** Of groups in the list; a browser does not say how much memory a graphics card has. */
export const groupNames: Record<Fits, string> = {
  fits: "For most graphics cards",
  tight: "For graphics cards of 8 GB or more",
  "too-large": "More than a tab is likely to get",
};

/** The models of the hub by what a run takes, the least first. */
export function groupsOf(catalogue: readonly Entry[]): [name: string, entries: Entry[]][] {
  return (["fits", "tight", "too-large"] as const)
    .map((fits): [string, Entry[]] => [
      groupNames[fits],
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
  const fits = fitOfBytes(trainingBytes) === "fits" ? "which most graphics cards have" : "which not every GPU has";
  const room = roomOf(capability);
  return [
    `It trains in ${bytes(trainingBytes)} of GPU memory, ${fits}, fetches ${bytes(fetchBytes)}, and a row costs ${flops(flopsPerRow)}.`,
    ...(diskBytes > room
      ? [`Of the ${bytes(diskBytes)} that it is kept in, this browser has ${bytes(Math.max(0, room))} left.`]
      : []),
    ...(capability?.adapter?.software
      ? ["No graphics card was found here: on the processor it is slow, and the demo model the quicker start."]
      : []),
  ].join(" ");
}
