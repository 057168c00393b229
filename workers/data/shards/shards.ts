/**
 * Prepared rows in the browser's storage: shards of about 4 MB, and last of all a manifest, so that a data set whose manifest is
 * there is whole. Keys: `dataset/<id>/shard/<n>`, `dataset/<id>/sources/<n>`, `dataset/<id>/manifest`. A shard is u32 count, count u32 lengths, the examples.
 */
import { TabTuneError } from "../../errors.ts";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import type { Example } from "../example.ts";
import { decodeExample, encodeExample } from "./codec.ts";

export interface ShardInfo {
  rows: number;
  bytes: number;
  sha256: string;
}

export interface DatasetManifest {
  format: 1;
  id: string;
  label: string;
  /** ISO 8601. */
  createdAt: string;
  rows: number;
  bytes: number;
  /** Over all rows, image slots included. */
  tokens: number;
  /** Tokens of the longest row. */
  longest: number;
  shards: ShardInfo[];
  /** Whatever else the caller wants back: source format, skipped rows … (JSON). */
  facts: unknown;
}

export interface ShardWriter {
  /** `source`: where the row came from, for people. */
  append(example: Example, source: string): Promise<void>;
  /** Writes what is left and then the manifest. `facts` is any JSON. Throws "no-rows" when nothing was appended. */
  finish(facts: unknown): Promise<DatasetManifest>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

export interface Dataset {
  manifest: DatasetManifest;
  rows: number;
  /** Example at position `i` of 0 … rows - 1. */
  read(i: number): Promise<Example>;
  /** Where that row came from; undefined for data sets of an older version. */
  sourceOf(i: number): Promise<string | undefined>;
}

const FORMAT = 1;
const shardKey = (id: string, n: number) => `dataset/${id}/shard/${n}`;
/** Beside the shard and not in it: what is trained on does not depend on what a file is called. */
const sourcesKey = (id: string, n: number) => `dataset/${id}/sources/${n}`;
const manifestKey = (id: string) => `dataset/${id}/manifest`;

/** Identity of a prepared data set: SHA-256 over its parts in order (preparation facts, content hashes …), each under its length. */
export async function datasetIdOf(parts: readonly string[]): Promise<string> {
  return sha256(new TextEncoder().encode(parts.map((part) => `${part.length}:${part}`).join("")));
}

/** Begins to write data set `id`, in place of what is there under that id. One writer at a time. */
export async function createShardWriter(
  store: Store,
  id: string,
  label: string,
  limits: { shardBytes?: number; shardRows?: number } = {},
): Promise<ShardWriter> {
  const { shardBytes = 4 << 20, shardRows = 64 } = limits;
  await deleteDataset(store, id);
  const shards: ShardInfo[] = [];
  let open: Uint8Array[] = [];
  let openBytes = 0;
  let sources: string[] = [];
  let tokens = 0;
  let longest = 0;

  async function flush(): Promise<void> {
    const bytes = packShard(open);
    const n = shards.length;
    await store.set(
      [
        [shardKey(id, n), bytes],
        [sourcesKey(id, n), await sealJson(sources)],
      ],
      "relaxed",
    );
    shards.push({ rows: open.length, bytes: bytes.length, sha256: await sha256(bytes) });
    open = [];
    sources = [];
    openBytes = 0;
  }

  return {
    async append(example, source) {
      const bytes = encodeExample(example);
      open.push(bytes);
      sources.push(source);
      openBytes += bytes.length;
      tokens += example.inputIds.length;
      longest = Math.max(longest, example.inputIds.length);
      if (openBytes >= shardBytes || open.length >= shardRows) await flush();
    },
    async finish(facts) {
      if (open.length > 0) await flush();
      const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
      if (rows === 0) {
        throw new TabTuneError("no-rows", `${label} has no row that can be trained on.`, "Choose other files.");
      }
      const manifest: DatasetManifest = {
        format: FORMAT,
        id,
        label,
        createdAt: new Date().toISOString(),
        rows,
        bytes: shards.reduce((sum, shard) => sum + shard.bytes, 0),
        tokens,
        longest,
        shards,
        facts,
      };
      await store.set([[manifestKey(id), await sealJson(manifest)]], "strict");
      return manifest;
    },
    abort: () => deleteDataset(store, id),
  };
}

function packShard(examples: readonly Uint8Array[]): Uint8Array {
  const head = 4 + 4 * examples.length;
  const bytes = new Uint8Array(examples.reduce((sum, example) => sum + example.length, head));
  const data = new DataView(bytes.buffer);
  data.setUint32(0, examples.length, true);
  let at = head;
  examples.forEach((example, i) => {
    data.setUint32(4 + 4 * i, example.length, true);
    bytes.set(example, at);
    at += example.length;
  });
  return bytes;
}

/** Bytes of the examples of a shard, as views. Only for shards whose hash was checked. */
function unpackShard(bytes: Uint8Array): Uint8Array[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = data.getUint32(0, true);
  let at = 4 + 4 * count;
  return Array.from({ length: count }, (_, i) => {
    const begin = at;
    at += data.getUint32(4 + 4 * i, true);
    return bytes.subarray(begin, at);
  });
}

function damaged(message: string): TabTuneError {
  return new TabTuneError(
    "bad-dataset",
    message,
    "Prepare the data again from its files.",
    "Saved runs are untouched.",
  );
}

async function readManifest(store: Store, id: string): Promise<DatasetManifest | undefined> {
  const bytes = await store.get(manifestKey(id));
  if (bytes === undefined) return undefined;
  const manifest = (await unsealJson(bytes)) as DatasetManifest | undefined;
  if (manifest === undefined) throw damaged(`The record of the data set ${id} is damaged.`);
  if (manifest.format !== FORMAT) {
    throw damaged(`The data set ${id} has format ${manifest.format}; this version reads ${FORMAT}.`);
  }
  return manifest;
}

/**
 * Opens data set `id`; undefined when there is none (or its writing was cut off). A shard is checked against its hash when it is
 * first read, then the `cachedShards` last used ones stay in memory.
 * @throws TabTuneError "bad-dataset" for a damaged manifest; from `read` for a damaged or missing shard, naming it.
 */
export async function openDataset(store: Store, id: string, cachedShards = 9): Promise<Dataset | undefined> {
  const manifest = await readManifest(store, id);
  if (manifest === undefined) return undefined;
  const firsts: number[] = [];
  let counted = 0;
  for (const { rows } of manifest.shards) {
    firsts.push(counted);
    counted += rows;
  }
  const checked = new Set<number>();
  // Promises, so that readers who want the same shard at once share one read. A Map keeps insertion order: the first is the oldest.
  const cache = new Map<number, Promise<Uint8Array[]>>();

  async function load(n: number): Promise<Uint8Array[]> {
    const bytes = await store.get(shardKey(id, n));
    const name = `Shard ${n} of ${manifest!.shards.length} of the data set "${manifest!.label}"`;
    if (bytes === undefined) throw damaged(`${name} is missing.`);
    if (!checked.has(n)) {
      if ((await sha256(bytes)) !== manifest!.shards[n]!.sha256) throw damaged(`${name} is damaged: its hash differs.`);
      checked.add(n);
    }
    return unpackShard(bytes);
  }

  function shard(n: number): Promise<Uint8Array[]> {
    let examples = cache.get(n);
    if (examples === undefined) {
      examples = load(n);
      // A failed read is not kept: the next reader tries again.
      examples.catch(() => cache.delete(n));
    }
    cache.delete(n);
    cache.set(n, examples);
    if (cache.size > cachedShards) cache.delete(cache.keys().next().value!);
    return examples;
  }

  return {
    manifest,
    rows: manifest.rows,
    async read(i) {
      if (!(i >= 0 && i < manifest.rows)) {
        throw new TabTuneError("bad-argument", `Row ${i} is not one of ${manifest.rows}.`, "Choose a row that exists.");
      }
      const n = shardOf(firsts, i);
      return decodeExample((await shard(n))[i - firsts[n]!]!);
    },
    async sourceOf(i) {
      const n = shardOf(firsts, i);
      const bytes = await store.get(sourcesKey(id, n));
      // A damaged list costs names, not rows.
      const sources = bytes && ((await unsealJson(bytes)) as string[] | undefined);
      return sources?.[i - firsts[n]!];
    },
  };
}

/** Last shard that begins at or before row `i`. */
function shardOf(firsts: readonly number[], i: number): number {
  let low = 0;
  let high = firsts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (firsts[middle]! <= i) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** False for what an interrupted writer left, or one that is still at work. A damaged manifest counts: whoever opens it is told. */
export const isWhole = async (store: Store, id: string): Promise<boolean> =>
  (await store.get(manifestKey(id))) !== undefined;

/** Ids that have a manifest or a shard. */
export async function datasetIds(store: Store): Promise<string[]> {
  return [...new Set((await store.keys("dataset/")).map((key) => key.split("/")[1]!))];
}

/** Manifests of all whole data sets, newest first. A damaged one is left out here and named when it is opened. */
export async function listDatasets(store: Store): Promise<DatasetManifest[]> {
  const found: DatasetManifest[] = [];
  for (const id of await datasetIds(store)) {
    const bytes = await store.get(manifestKey(id));
    const manifest = bytes && ((await unsealJson(bytes)) as DatasetManifest | undefined);
    if (manifest?.format === FORMAT) found.push(manifest);
  }
  return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Removes a data set: the manifest first, so that an interrupted removal leaves orphans and not half a data set. */
export async function deleteDataset(store: Store, id: string): Promise<void> {
  await store.delete([manifestKey(id)]);
  await store.delete(await store.keys(`dataset/${id}/`));
}
