/** What a data set's record names: shards, and parts of the list of its rows. */
import { blockKey, keptKey } from "../../data/index/row-index.ts";
import { type DatasetManifest, readManifest } from "../../data/shards/manifest.ts";
import { shardKey } from "../../data/shards/shards.ts";
import { TabTuneError } from "../../errors.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import type { Damage, Looked } from "./damage.ts";
import { prepareAgain } from "./rules.ts";

/** Parts that are not what was written. A data set that is being prepared has no record yet. */
export async function* damagedParts(store: Store, id: string, looked: Looked): AsyncGenerator<Damage> {
  const manifest = await readManifest(store, id).catch((error: unknown) => {
    // A damaged record was found above.
    if (error instanceof TabTuneError) return undefined;
    throw error;
  });
  if (!manifest) return;
  for (const { key, name, hash } of partsOf(manifest)) {
    const bytes = await store.get(key);
    looked();
    if (bytes && (hash === undefined || (await sha256(bytes)) === hash)) continue;
    const message = `${name} (${bytes ? "damaged" : "missing"})`;
    yield { kind: "data", item: id, message, follows: prepareAgain, whole: true };
  }
}

function partsOf({ id, shards, index }: DatasetManifest): { key: string; name: string; hash: string | undefined }[] {
  const blocks = index?.blocks ?? [];
  return [
    ...shards.map(({ sha256: hash }, n) => ({
      ...{ key: shardKey(id, n), hash },
      name: `shard ${n + 1} of ${shards.length}`,
    })),
    ...blocks.map(({ sha256: hash }, n) => ({
      ...{ key: blockKey(id, n), hash },
      name: `part ${n + 1} of ${blocks.length} of the list of rows`,
    })),
    ...blocks.flatMap(({ keptSha256: hash }, n) =>
      hash === undefined ? [] : [{ key: keptKey(id, n), name: `the pictures of part ${n + 1}`, hash }],
    ),
  ];
}
