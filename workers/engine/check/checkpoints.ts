/** Checkpoints of a run: their pieces, and that none is missing that a record names. */
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
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
import { ruleOf } from "./rules.ts";

const goes = { follows: "The run goes: it has no checkpoint that is whole.", whole: true };

/** Checkpoints whose record or a piece of which is not what it was; those that are being written have no record yet. */
export async function* damagedCheckpoints(store: Store, runId: string, looked: Looked): AsyncGenerator<Damage> {
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
