/**
 * Prepared rows in the browser's storage, all of a data set: shards of about 4 MB. Keys: `dataset/<id>/shard/<n>`,
 * `dataset/<id>/sources/<n>`. A shard is u32 count, count u32 lengths, the examples.
 */

import * as v from "valibot";
import { lastUsed } from "../../storage/last-used.ts";
import { sealJson } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import type { Example } from "../example.ts";
import { type BlockInfo, blockOf, firstsOf } from "../index/row-index.ts";
import { decodeExample, encodeExample } from "./codec.ts";
import { type DatasetManifest, damaged } from "./manifest.ts";

/** What a writer has written. */
export type WrittenShards = Pick<DatasetManifest, "rows" | "bytes" | "tokens" | "longest" | "shards">;

export interface ShardWriter {
  /** `source`: where the row came from, for people. Resolves to the bytes that the row takes. */
  append(example: Example, source: string): Promise<number>;
  /** Writes what is left. */
  finish(): Promise<WrittenShards>;
}

export const shardKey = (id: string, n: number) => `dataset/${id}/shard/${n}`;
export const sourcesForm = v.array(v.string());
/** Beside the shard and not in it: what is trained on does not depend on what a file is called. */
const sourcesKey = (id: string, n: number) => `dataset/${id}/sources/${n}`;

/** Begins to write the rows of data set `id`. One writer at a time, and none before. */
export function createShardWriter(
  store: Store,
  id: string,
  limits: { shardBytes?: number; shardRows?: number } = {},
): ShardWriter {
  const { shardBytes = 4 << 20, shardRows = 64 } = limits;
  const shards: BlockInfo[] = [];
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
      return bytes.length;
    },
    async finish() {
      if (open.length > 0) await flush();
      const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
      return { rows, bytes: shards.reduce((sum, shard) => sum + shard.bytes, 0), tokens, longest, shards };
    },
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

export interface ShardReader {
  read(i: number): Promise<Example>;
  /** Where a row came from; undefined for data sets of an older version. */
  sourceOf(i: number): Promise<string | undefined>;
}

/**
 * Reads the rows of `manifest`. A shard is checked against its hash when it is first read, then the `cachedShards` last used ones stay
 * in memory. `read` throws "bad-dataset" for a damaged or missing shard, naming it.
 */
export function openShards(store: Store, manifest: DatasetManifest, cachedShards = 9): ShardReader {
  const { id } = manifest;
  const firsts = firstsOf(manifest.shards.map(({ rows }) => rows));
  const checked = new Set<number>();

  const shard = lastUsed(cachedShards, async (n: number): Promise<Uint8Array[]> => {
    const bytes = await store.get(shardKey(id, n));
    const name = `Shard ${n} of ${manifest.shards.length} of the data set "${manifest.label}"`;
    if (bytes === undefined) throw damaged(`${name} is missing.`);
    if (!checked.has(n)) {
      if ((await sha256(bytes)) !== manifest.shards[n]!.sha256) throw damaged(`${name} is damaged: its hash differs.`);
      checked.add(n);
    }
    return unpackShard(bytes);
  });

  return {
    async read(i) {
      const n = blockOf(firsts, i);
      return decodeExample((await shard(n))[i - firsts[n]!]!);
    },
    async sourceOf(i) {
      const n = blockOf(firsts, i);
      // A damaged list costs names, not rows.
      const sources = await unsealAs<string[]>(sourcesForm, await store.get(sourcesKey(id, n)));
      return sources?.[i - firsts[n]!];
    },
  };
}
