/**
 * What a data set is, under `dataset/<id>/manifest`. It is written last of all: a data set whose manifest is there is whole. Its rows lie
 * as an index (index/row-index.ts), and prepared: all of them in shards (shards.ts), or some of them in a cache (row-cache.ts).
 */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import { sealJson } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { type Form, unsealAs } from "../../storage/unseal-as.ts";
import type { BlockInfo, IndexInfo } from "../index/row-index.ts";
import type { HeldOutSplit } from "../rows/folders.ts";

export interface DatasetManifest {
  format: 1;
  id: string;
  label: string;
  /** ISO 8601. */
  createdAt: string;
  rows: number;
  /** As stored, rows that are prepared on demand aside. */
  bytes: number;
  /** Over all rows, image slots included; 0 where rows are prepared on demand: nobody has counted. */
  tokens: number;
  /** Tokens of the longest row; more than any row can have, where rows are prepared on demand. */
  longest: number;
  /** Prepared rows; none where they are prepared on demand. */
  shards: BlockInfo[];
  /** Where each prepared row stands in the index. */
  positions?: number[];
  /** Tokens of each prepared row. */
  rowTokens?: number[];
  /** Identity of the files and how they are read, whatever the model. Data sets of an older version have none. */
  filesId?: string;
  /** Data sets of an older version have none. */
  index?: IndexInfo;
  /** A split of the data that is never trained on: its rows stand behind all others, from position `from` of the index on. */
  split?: { name: HeldOutSplit; from: number };
  /** Whatever else the caller wants back: source format, skipped rows … (JSON). */
  facts: unknown;
}

const FORMAT = 1;
/** The record of data set `id`, in whatever version. */
export const manifestForm = (id: string): Form => v.looseObject({ id: v.literal(id), format: v.number() });
const manifestKey = (id: string) => `dataset/${id}/manifest`;

/** Identity of a prepared data set: SHA-256 over its parts in order (preparation facts, content hashes …), each under its length. */
export async function datasetIdOf(parts: readonly string[]): Promise<string> {
  return sha256(new TextEncoder().encode(parts.map((part) => `${part.length}:${part}`).join("")));
}

/** Rows are prepared when they are asked for. */
export const isOnDemand = ({ shards, index }: Pick<DatasetManifest, "shards" | "index">): boolean =>
  shards.length === 0 && index !== undefined;

/** How many of its rows belong to a split that is not trained on. */
export function rowsOfSplit({ split, positions, rows }: Pick<DatasetManifest, "split" | "positions" | "rows">): number {
  if (!split) return 0;
  return positions ? positions.filter((position) => position >= split.from).length : rows - split.from;
}

/** The parts that a shuffled order mixes, in order; they hold all rows. */
export const partsOf = (manifest: Pick<DatasetManifest, "shards" | "index">): BlockInfo[] =>
  isOnDemand(manifest) ? manifest.index!.blocks : manifest.shards;

export async function writeManifest(
  store: Store,
  manifest: Omit<DatasetManifest, "format" | "createdAt">,
): Promise<DatasetManifest> {
  const whole: DatasetManifest = { format: FORMAT, createdAt: new Date().toISOString(), ...manifest };
  await store.set([[manifestKey(manifest.id), await sealJson(whole)]], "strict");
  return whole;
}

/** Undefined where there is none, or its writing was cut off. Throws "bad-dataset" for a damaged one, or one of another version. */
export async function readManifest(store: Store, id: string): Promise<DatasetManifest | undefined> {
  const bytes = await store.get(manifestKey(id));
  if (bytes === undefined) return undefined;
  const manifest = await unsealAs<DatasetManifest>(manifestForm(id), bytes);
  if (manifest === undefined) throw damaged(`The record of the data set ${id} is damaged.`);
  if (manifest.format !== FORMAT) {
    throw damaged(`The data set ${id} has format ${manifest.format}; this version reads ${FORMAT}.`);
  }
  return manifest;
}

export const damaged = (message: string): TabTuneError =>
  new TabTuneError("bad-dataset", message, "Prepare the data again from its files.", "Saved runs are untouched.");

/** False for what an interrupted writer left, or one that is still at work. A damaged manifest counts: whoever opens it is told. */
export const isWhole = async (store: Store, id: string): Promise<boolean> =>
  (await store.get(manifestKey(id))) !== undefined;

/** Ids that have a manifest or rows. */
export async function datasetIds(store: Store): Promise<string[]> {
  return [...new Set((await store.keys("dataset/")).map((key) => key.split("/")[1]!))];
}

/** Manifests of all whole data sets, newest first. A damaged one is left out here and named when it is opened. */
export async function listDatasets(store: Store): Promise<DatasetManifest[]> {
  const found: DatasetManifest[] = [];
  for (const id of await datasetIds(store)) {
    const manifest = await unsealAs<DatasetManifest>(manifestForm(id), await store.get(manifestKey(id)));
    if (manifest?.format === FORMAT) found.push(manifest);
  }
  return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Removes a data set: the manifest first, so that an interrupted removal leaves orphans and not half a data set. */
export async function deleteDataset(store: Store, id: string): Promise<void> {
  await store.delete([manifestKey(id)]);
  await store.delete(await store.keys(`dataset/${id}/`));
}
