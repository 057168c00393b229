/** What lies in this browser: models (weights and files of the hub), prepared data, runs, votes; with sizes, and how they go away. */

import { listJobs } from "../apply/job.ts";
import { storedVotes } from "../chat/votes.ts";
import { KEPT_BYTES, listRanges } from "../data/hub/kept-ranges.ts";
import { isOnDemand, listDatasets } from "../data/shards/manifest.ts";
import { CACHE_BYTES } from "../data/shards/prepare-dataset.ts";
import type { Facts } from "../data/shards/read-drop.ts";
import { cacheSize } from "../data/shards/row-cache.ts";
import { storedFeatures } from "../models/kept/feature-cache.ts";
import type { StorageInfo } from "../protocol/engine.ts";
import { bytesByFolder, type FileCache } from "../storage/file-cache.ts";
import type { Store } from "../storage/store.ts";
import { listRuns } from "../training/saved/runs.ts";
import { aboutFile, type CachedModel, parsedAbout } from "../weights/loading/tensor-cache.ts";
import { counted } from "../words.ts";

type Item = StorageInfo["items"][number];

/** Models, then prepared data, then what was fetched of data sets, then runs, then votes, then answers of jobs. A model's key is its label: weights and files of the hub lie in folders of their own. */
export async function listStored(cache: FileCache, store: Store, ranges: FileCache): Promise<Item[]> {
  const models = [...(await modelFolders(cache))].map(([label, { bytes, createdAt }]): Item => {
    return { kind: "model", key: label, label, detail: `from ${day(createdAt)}`, bytes };
  });
  const data: Item[] = [];
  for (const set of await listDatasets(store)) {
    const cached = isOnDemand(set) ? await cacheSize(store, set.id) : { rows: 0, bytes: 0 };
    const made = isOnDemand(set) ? `, ${cached.rows} of them prepared` : "";
    const features = await storedFeatures(store, set.id);
    const kept =
      features.tiles > 0
        ? `, with features of ${counted(features.tiles, "tile")} (${gigabytes(features.bytes)} of at most ${gigabytes(CACHE_BYTES)})`
        : "";
    const use = (set.facts as Facts | null)?.reading?.toAnswer ? " to be answered" : "";
    const detail = `${counted(set.rows, "row")}${use}${made}${kept}, from ${day(set.createdAt)}`;
    const bytes = set.bytes + cached.bytes + features.bytes;
    data.push({ kind: "data", key: set.id, label: set.label, detail, bytes });
  }
  const runs = (await listRuns(store)).map((run): Item => {
    const detail = `on ${run.datasetLabel}, step ${run.step} of ${run.maxSteps}, from ${day(run.createdAt)}`;
    return { kind: "run", key: run.id, label: run.name || run.modelLabel, detail, bytes: run.bytes };
  });
  const fetched = (await listRanges(ranges)).map(({ key, label, bytes, usedAt }): Item => {
    const detail = `used on ${day(usedAt)}; at most ${KEPT_BYTES / 1e9} GB of such data are kept`;
    return { kind: "ranges", key, label: `${label} as fetched from the hub`, detail, bytes };
  });
  const { votes, bytes } = await storedVotes(store);
  const detail = `${counted(votes, "vote")} on answers side by side, with their pictures`;
  const voted: Item[] = bytes > 0 ? [{ kind: "votes", key: "votes", label: "Votes of the chat", detail, bytes }] : [];
  return [...models, ...data, ...fetched, ...runs, ...voted, ...(await storedJobs(store))];
}

async function storedJobs(store: Store): Promise<Item[]> {
  const damaged: Item[] = [];
  const unreadable = (key: string): void => {
    damaged.push({
      kind: "answers",
      key,
      label: "(damaged record)",
      detail: "cannot be read by this version",
      bytes: 0,
    });
  };
  const jobs = (await listJobs(store, unreadable)).map((job): Item => {
    const { id: key, answered, rows, adapter, modelLabel, datasetLabel: label } = job;
    const by = adapter ? `the adapter of ${adapter.label}` : modelLabel;
    const detail = `${answered} of ${counted(rows, "row")} answered by ${by}, from ${day(job.createdAt)}`;
    return { kind: "answers", key, label, detail, bytes: job.bytes };
  });
  return [...jobs, ...damaged];
}

export async function deleteModel(cache: FileCache, label: string): Promise<void> {
  const folders = (await modelFolders(cache)).get(label)?.folders ?? [];
  for (const folder of folders) {
    const files = (await cache.list(`${folder}/`)).map(({ name }) => name);
    // What names the folder goes last: a removal that is cut off stays in the list.
    const about = `${folder}/${aboutFile}`;
    for (const name of files.filter((file) => file !== about)) await cache.delete(name);
    await cache.delete(about);
    // Older versions kept a model in one file.
    await cache.delete(folder);
  }
}

const unnamed = "Weights of an older version";

async function modelFolders(
  cache: FileCache,
): Promise<Map<string, { folders: string[]; bytes: number; createdAt: string }>> {
  const models = new Map<string, { folders: string[]; bytes: number; createdAt: string }>();
  for (const [folder, bytes] of await bytesByFolder(cache)) {
    const { label, createdAt } = await aboutOf(cache, folder);
    const model = models.get(label) ?? { folders: [], bytes: 0, createdAt };
    model.folders.push(folder);
    model.bytes += bytes;
    models.set(label, model);
  }
  return models;
}

/** What a model is called, by each of its folders. */
export async function labelsOfFolders(cache: FileCache): Promise<Map<string, string>> {
  const models = [...(await modelFolders(cache))];
  return new Map(models.flatMap(([label, { folders }]) => folders.map((folder) => [folder, label] as const)));
}

async function aboutOf(cache: FileCache, folder: string): Promise<CachedModel> {
  const reader = await cache.open(`${folder}/${aboutFile}`);
  if (!reader) return { label: unnamed, createdAt: "" };
  return parsedAbout(await reader.read(0, reader.size)) ?? { label: unnamed, createdAt: "" };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e7 ? 3 : 2)} GB`;

/** The day of an ISO date. */
const day = (date: string): string => date.slice(0, 10) || "an unknown day";
