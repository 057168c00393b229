/** Looks at every entry of the store: its hash, and that none is missing that a record names. */

import { positionsIn } from "../../apply/job.ts";
import { unpackedContents } from "../../data/held-out/content.ts";
import { blockKey, keptKey } from "../../data/index/row-index.ts";
import { type DatasetManifest, readManifest as readDatasetManifest } from "../../data/shards/manifest.ts";
import { shardKey } from "../../data/shards/shards.ts";
import { TabTuneError } from "../../errors.ts";
import { unsealBytes } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import { pictureBytes } from "../../training/saved/answers.ts";
import {
  chunkKey,
  generationsOf,
  infoKey,
  latestEntry,
  type Manifest,
  manifestKey,
  readLatest,
  readManifest,
} from "../../training/saved/format.ts";
import { deleteGeneration } from "../../training/saved/save.ts";
import type { Damage, Looked } from "./damage.ts";
import { HASHED_ELSEWHERE, prepareAgain, type Rule, rules } from "./rules.ts";

/** Entries that are no JSON, or that versions before did not seal, and how they are read: undefined is damaged. */
const ownReading: [at: RegExp, read: (stored: Uint8Array) => Promise<object | undefined>][] = [
  [/^job\/[^/]+\/rows$/, positionsIn],
  [/^run\/[^/]+\/answers\/picture\//, pictureBytes],
  [/^dataset\/[^/]+\/contents$/, unpackedContents],
];

/** Keys go one after the other, so that a check takes no memory to speak of. `looked` hears of each. */
export async function* damageInStore(store: Store, looked: Looked): AsyncGenerator<Damage> {
  const keys = await store.keys("");
  for (const key of keys.filter((k) => !HASHED_ELSEWHERE.test(k))) {
    const found = await damageAt(store, key);
    looked();
    if (found) yield found;
  }
  const ids = (prefix: string): string[] => [
    ...new Set(keys.filter((key) => key.startsWith(prefix)).map((key) => key.split("/")[1]!)),
  ];
  for (const id of ids("run/")) yield* damagedCheckpoints(store, id, looked);
  for (const id of ids("dataset/")) yield* damagedParts(store, id, looked);
}

/** Undefined where the entry is whole, and where it went meanwhile. */
async function damageAt(store: Store, key: string): Promise<Damage | undefined> {
  const bytes = await store.get(key);
  const fault = bytes && (await faultOf(key, bytes));
  if (fault === undefined) return undefined;
  const known = ruleOf(key);
  if (known) return damageOf(store, key, known, fault);
  const message = `an entry "${key}" of no kind that this version knows`;
  return {
    kind: "unknown",
    item: key,
    message,
    follows: "Nothing reads it.",
    whole: false,
    mend: () => store.delete([key]),
  };
}

/** The rule of a key, with the item that it belongs to and what tells it from others of its kind. */
function ruleOf(key: string): { rule: Rule; item: string; n: string } | undefined {
  for (const rule of rules) {
    const [, item, n = ""] = rule.at.exec(key) ?? [];
    if (item !== undefined) return { rule, item, n };
  }
  return undefined;
}

type Fault = "damaged" | "another entry lies there";

/** Undefined where it is whole. One of a kind that only a later version knows is left to that, as long as its seal holds. */
async function faultOf(key: string, bytes: Uint8Array): Promise<Fault | undefined> {
  const read = ownReading.find(([at]) => at.test(key))?.[1];
  if (read) return (await read(bytes)) ? undefined : "damaged";
  const content = await unsealBytes(bytes);
  if (content === undefined) return "damaged";
  const { rule, item = "", n = "" } = ruleOf(key) ?? {};
  // A picture is called by the hash of its bytes.
  const isOwn = key.startsWith("vote-picture/")
    ? (await sha256(content)) === item
    : !rule?.form || (await unsealAs(rule.form(item, n), bytes)) !== undefined;
  return isOwn ? undefined : "another entry lies there";
}

function damageOf(
  store: Store,
  key: string,
  { rule: { kind, place, mend, follows }, item, n }: NonNullable<ReturnType<typeof ruleOf>>,
  fault: Fault,
): Damage {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const gone = async (): Promise<void> => {
    const bytes = await store.get(key);
    // Somebody wrote it anew meanwhile.
    if (bytes === undefined || !(await faultOf(key, bytes))) return;
    if (mend === "entry") return store.delete([key]);
    const beside = await store.keys(folder);
    return store.delete(mend === "beside" ? beside : beside.filter((other) => other >= key));
  };
  const damage = { kind, item: kind === "votes" ? "votes" : item, message: `${place(n)} (${fault})`, follows };
  return mend === "item" ? { ...damage, whole: true } : { ...damage, whole: false, mend: gone };
}

const goes = { follows: "The run goes: it has no checkpoint that is whole.", whole: true };

/** Checkpoints whose record or a piece of which is not what it was; those that are being written have no record yet. */
async function* damagedCheckpoints(store: Store, runId: string, looked: Looked): AsyncGenerator<Damage> {
  const whole: Manifest[] = [];
  const bad: { g: number; message: string }[] = [];
  for (const [g, hasManifest] of await generationsOf(store, runId)) {
    if (!hasManifest) continue;
    const manifest = await readManifest(store, runId, g);
    looked();
    // Not damage: what a newer version can read is left to it, as `loadLatest` does.
    if (manifest === "newer") return;
    if (manifest === undefined) {
      bad.push({ g, message: "the record of a checkpoint (damaged)" });
      continue;
    }
    const piece = await damagedPiece(store, runId, manifest, looked);
    if (piece) bad.push({ g, message: `the checkpoint of step ${manifest.step} (${piece})` });
    else whole.push(manifest);
  }
  const newest = whole.at(-1);
  yield* missingRecords(store, runId, newest);
  for (const { g, message } of bad) {
    // It went meanwhile, as checkpoints of a run that goes on do.
    if ((await store.get(manifestKey(runId, g))) === undefined) continue;
    const found = { kind: "run", item: runId, message } as const;
    if (!newest) {
      yield { ...found, ...goes };
      continue;
    }
    const mend = async (): Promise<void> => {
      if ((await readLatest(store, runId)) === g)
        await store.set([await latestEntry(runId, newest.generation)], "strict");
      await deleteGeneration(store, runId, g);
    };
    yield { ...found, follows: `The checkpoint goes; that of step ${newest.step} stays.`, whole: false, mend };
  }
}

/** The run's record, and the checkpoint that it names as its newest, of a run that is there. */
async function* missingRecords(store: Store, runId: string, newest: Manifest | undefined): AsyncGenerator<Damage> {
  const run = { kind: "run", item: runId } as const;
  // A removal takes `latest` first and the record last.
  const latest = await readLatest(store, runId);
  const isThere = async (): Promise<boolean> => latest !== undefined && (await readLatest(store, runId)) === latest;
  if ((await store.get(infoKey(runId))) === undefined && (await isThere())) {
    const { follows } = ruleOf(infoKey(runId))!.rule;
    yield { ...run, message: "its record (missing)", follows, whole: true };
  }
  if (latest === undefined || (await store.get(manifestKey(runId, latest))) || !(await isThere())) return;
  const message = "its newest checkpoint (missing)";
  if (!newest) return yield { ...run, message, ...goes };
  const mend = async (): Promise<void> => {
    if (await isThere()) await store.set([await latestEntry(runId, newest.generation)], "strict");
  };
  yield { ...run, message, follows: `That of step ${newest.step} counts as the newest.`, whole: false, mend };
}

async function damagedPiece(store: Store, runId: string, m: Manifest, looked: Looked): Promise<string | undefined> {
  for (const [i, chunk] of m.chunks.entries()) {
    const key = chunkKey(runId, m.generation, i);
    const bytes = await store.get(key);
    looked();
    const name = `piece ${i + 1} of ${m.chunks.length}`;
    if (bytes === undefined) return `${name} is missing`;
    if ((await sha256(bytes)) !== chunk.sha256) return `${name} is not what was written`;
  }
  return undefined;
}

/** Shards and parts of the index of a data set. One that is being prepared has no record yet. */
async function* damagedParts(store: Store, id: string, looked: Looked): AsyncGenerator<Damage> {
  const manifest = await readDatasetManifest(store, id).catch((error: unknown) => {
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
