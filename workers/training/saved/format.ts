/**
 * How a run lies in the store. A generation is one whole checkpoint; `latest` names the newest. Every record is sealed with its
 * hash, and every chunk's hash is in its manifest, so a damaged byte is never taken for a weight.
 *
 *     run/<id>/info                    RunInfo (run-info.ts)
 *     run/<id>/latest                  { generation }
 *     run/<id>/gen/<g>/manifest        Manifest
 *     run/<id>/gen/<g>/chunk/<i>       raw bytes: the tensors one after the other, cut into pieces
 *     run/<id>/log/<first step>        metric records of a few steps
 *
 * Numbers in keys are padded, so that keys sort as numbers do.
 */
import * as v from "valibot";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { type Form, unsealAs } from "../../storage/unseal-as.ts";

export const FORMAT = 1;

export interface ChunkInfo {
  bytes: number;
  sha256: string;
}

export interface Manifest {
  format: number;
  generation: number;
  /** Optimizer steps done. */
  step: number;
  createdAt: string;
  /** The caller's state: recipe, sampler position, optimizer step … (JSON). */
  state: unknown;
  /** In the order in which their bytes follow each other in the chunks. */
  tensors: { name: string; bytes: number }[];
  chunks: ChunkInfo[];
}

export const latestForm = v.looseObject({ generation: v.number() });
/** As far as every later format has it too. */
const manifestForm = (g: number): Form =>
  v.union([
    v.looseObject({ format: v.pipe(v.number(), v.minValue(FORMAT + 1)) }),
    v.looseObject({
      ...{ format: v.number(), generation: v.literal(g), step: v.number() },
      tensors: v.array(v.looseObject({ name: v.string(), bytes: v.number() })),
      chunks: v.array(v.looseObject({ bytes: v.number(), sha256: v.string() })),
    }),
  ]);

const padded = (n: number) => String(n).padStart(9, "0");

export const runPrefix = (runId: string) => `run/${runId}/`;
export const infoKey = (runId: string) => `run/${runId}/info`;
export const latestKey = (runId: string) => `run/${runId}/latest`;
export const generationsPrefix = (runId: string) => `run/${runId}/gen/`;
export const generationPrefix = (runId: string, g: number) => `run/${runId}/gen/${padded(g)}/`;
export const manifestKey = (runId: string, g: number) => `${generationPrefix(runId, g)}manifest`;
export const chunkKey = (runId: string, g: number, i: number) => `${generationPrefix(runId, g)}chunk/${padded(i)}`;
export const logPrefix = (runId: string) => `run/${runId}/log/`;
export const logKey = (runId: string, step: number) => `${logPrefix(runId)}${padded(step)}`;

/** All generation numbers that have any key, ascending, and whether each has a manifest. */
export async function generationsOf(store: Store, runId: string): Promise<Map<number, boolean>> {
  const prefix = generationsPrefix(runId);
  const found = new Map<number, boolean>();
  for (const key of await store.keys(prefix)) {
    const [g, what] = key.slice(prefix.length).split("/");
    found.set(Number(g), (found.get(Number(g)) ?? false) || what === "manifest");
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** A sealed record of format FORMAT; "newer" when a later version of this program wrote it, undefined where it is missing or damaged. */
export async function readManifest(store: Store, runId: string, g: number): Promise<Manifest | "newer" | undefined> {
  const manifest = await unsealAs<Manifest>(manifestForm(g), await store.get(manifestKey(runId, g)));
  return manifest && manifest.format > FORMAT ? "newer" : manifest;
}

/** The generation that `latest` names; undefined where there is none or it is damaged. */
export async function readLatest(store: Store, runId: string): Promise<number | undefined> {
  const latest = await unsealAs<{ generation: number }>(latestForm, await store.get(latestKey(runId)));
  return latest?.generation;
}

/** The entry that makes generation `g` the newest. */
export async function latestEntry(runId: string, g: number): Promise<[string, Uint8Array]> {
  return [latestKey(runId), await sealJson({ generation: g })];
}
