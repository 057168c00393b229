/** Loading: every byte that will be read is checked before any is used; a damaged generation gives way to the one before it, and says so. */
import { TabTuneError } from "../../errors.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { chunkKey, generationsOf, latestEntry, type Manifest, readLatest, readManifest } from "./format.ts";
import { deleteGeneration, type SavedTensor } from "./save.ts";

export interface LoadedGeneration {
  generation: number;
  step: number;
  createdAt: string;
  /** As given to `saveGeneration`. */
  state: unknown;
  names: string[];
  bytes: number;
  /** Set when the newest checkpoint was damaged: its step if its manifest could still be read, and what was wrong. */
  fellBackFrom?: { step?: number; reason: string };
  /** The tensors in the order of saving, each in memory of its own; only those that `wanted` names, and only their chunks are read. */
  tensors(wanted?: Wanted): AsyncGenerator<SavedTensor>;
}

/** Which tensors, by their names. */
type Wanted = (name: string) => boolean;
const all: Wanted = () => true;

/**
 * The newest whole checkpoint of a run, or undefined when none was ever finished. With `repair` it also removes what a killed save
 * left and makes `latest` name what was loaded: right before going on with a run, wrong while something may be saving it. Without it,
 * `wanted` may say which tensors will be read: the others' bytes are then not looked at.
 * @throws TabTuneError "bad-checkpoint" when there are checkpoints and none is whole, or a later version wrote them.
 */
export async function loadLatest(
  store: Store,
  runId: string,
  { repair = true, wanted = all }: { repair?: boolean; wanted?: Wanted } = {},
): Promise<LoadedGeneration | undefined> {
  const generations = await generationsOf(store, runId);
  const latest = await readLatest(store, runId);
  const complete = [...generations].filter(([, hasManifest]) => hasManifest).map(([g]) => g);
  if (latest === undefined && complete.length === 0) {
    for (const g of repair ? generations.keys() : []) await deleteGeneration(store, runId, g);
    return undefined;
  }

  const newest = latest ?? complete.at(-1)!;
  const candidates = [newest, ...complete.filter((g) => g !== newest).reverse()];
  let fellBackFrom: LoadedGeneration["fellBackFrom"];
  for (const g of candidates) {
    const manifest = await readManifest(store, runId, g);
    if (manifest === "newer") {
      // Not damage: falling back would sweep away what the newer version can read.
      throw new TabTuneError(
        "bad-checkpoint",
        "This run was saved by a newer version of TabTune than this page.",
        "Reload the page to get that version, then press Resume run.",
        "The run's checkpoints are kept as they are.",
      );
    }
    const reason =
      manifest === undefined
        ? "its manifest is missing or damaged"
        : await damageOf(store, runId, manifest, repair ? all : wanted);
    if (manifest !== undefined && reason === undefined) {
      if (repair) await sweep(store, runId, generations, g, latest);
      return loaded(store, runId, manifest, fellBackFrom);
    }
    fellBackFrom ??= { step: manifest?.step, reason: reason! };
  }
  throw new TabTuneError(
    "bad-checkpoint",
    `No checkpoint of the run ${runId} is whole: of the newest, ${fellBackFrom!.reason}.`,
    "Start the run again.",
    "Its loss log and the prepared data are kept.",
  );
}

/**
 * The checkpoint of a step, that of the best evaluation say; undefined where there is none that is whole. A step that was saved twice has
 * the same bytes twice.
 */
export async function loadStep(
  store: Store,
  runId: string,
  step: number,
  wanted: Wanted = all,
): Promise<LoadedGeneration | undefined> {
  for (const [g, hasManifest] of [...(await generationsOf(store, runId))].reverse()) {
    const manifest = hasManifest ? await readManifest(store, runId, g) : undefined;
    if (typeof manifest !== "object" || manifest.step !== step) continue;
    if ((await damageOf(store, runId, manifest, wanted)) === undefined)
      return loaded(store, runId, manifest, undefined);
  }
  return undefined;
}

/** `latest` first, then everything newer than the loaded generation `g` or without a manifest goes. */
async function sweep(
  store: Store,
  runId: string,
  generations: Map<number, boolean>,
  g: number,
  latest: number | undefined,
): Promise<void> {
  if (g !== latest) await store.set([await latestEntry(runId, g)], "strict");
  for (const [other, hasManifest] of generations) {
    if (other > g || !hasManifest) await deleteGeneration(store, runId, other);
  }
}

/** What is wrong with a generation's chunks that have bytes of wanted tensors; undefined when every hash is right. */
async function damageOf(store: Store, runId: string, manifest: Manifest, wanted: Wanted): Promise<string | undefined> {
  const needed = chunksOf(manifest, wanted);
  for (const [i, chunk] of manifest.chunks.entries()) {
    if (!needed.has(i)) continue;
    const bytes = await store.get(chunkKey(runId, manifest.generation, i));
    const name = `chunk ${i + 1} of ${manifest.chunks.length}`;
    if (bytes === undefined) return `${name} is missing`;
    if ((await sha256(bytes)) !== chunk.sha256) return `${name} is damaged`;
  }
  return undefined;
}

/** The chunks that tensors of these names lie in; all of them for all tensors. */
function chunksOf({ tensors, chunks }: Manifest, wanted: Wanted): Set<number> {
  if (wanted === all) return new Set(chunks.keys());
  const ends: number[] = [];
  for (const { bytes } of chunks) ends.push((ends.at(-1) ?? 0) + bytes);
  const needed = new Set<number>();
  let start = 0;
  for (const { name, bytes } of tensors) {
    const end = start + bytes;
    if (wanted(name) && bytes > 0) {
      ends.forEach((chunkEnd, i) => {
        if (chunkEnd > start && (ends[i - 1] ?? 0) < end) needed.add(i);
      });
    }
    start = end;
  }
  return needed;
}

function loaded(
  store: Store,
  runId: string,
  manifest: Manifest,
  fellBackFrom: LoadedGeneration["fellBackFrom"],
): LoadedGeneration {
  const { generation, step, createdAt, state, tensors, chunks } = manifest;
  return {
    generation,
    step,
    createdAt,
    state,
    names: tensors.map(({ name }) => name),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    ...(fellBackFrom && { fellBackFrom }),
    tensors: (wanted = all) => readTensors(store, runId, manifest, wanted),
  };
}

async function* readTensors(
  store: Store,
  runId: string,
  { generation, step, tensors, chunks }: Manifest,
  wanted: Wanted,
): AsyncGenerator<SavedTensor> {
  const ends: number[] = [];
  for (const { bytes } of chunks) ends.push((ends.at(-1) ?? 0) + bytes);
  let held: { i: number; bytes: Uint8Array } | undefined;
  let start = 0;
  for (const { name, bytes } of tensors) {
    const end = start + bytes;
    if (wanted(name)) {
      const data = new Uint8Array(bytes);
      for (let at = start; at < end; ) {
        const i = ends.findIndex((chunkEnd) => chunkEnd > at);
        if (held?.i !== i) held = { i, bytes: await chunkOf(i) };
        const begin = ends[i]! - chunks[i]!.bytes;
        const part = held.bytes.subarray(at - begin, Math.min(end, ends[i]!) - begin);
        data.set(part, at - start);
        at += part.length;
      }
      yield { name, data };
    }
    start = end;
  }

  async function chunkOf(i: number): Promise<Uint8Array> {
    const bytes = await store.get(chunkKey(runId, generation, i));
    if (bytes !== undefined && bytes.length === chunks[i]?.bytes) return bytes;
    throw new TabTuneError(
      "bad-checkpoint",
      `Chunk ${i + 1} of ${chunks.length} of the checkpoint of step ${step} went away while it was read.`,
      "Resume the run again.",
    );
  }
}
