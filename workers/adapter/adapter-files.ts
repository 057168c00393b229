/**
 * The two files of a PEFT adapter, found in what somebody gives: the files, a folder with them in it, or a zip of either. Told from
 * data and from model folders by names alone; a zip's directory is read for it.
 */
import type { Entry } from "../data/rows/entry.ts";
import { blobEntry } from "../data/rows/entry.ts";
import { defaultLimits } from "../data/rows/limits.ts";
import { zipEntries } from "../data/rows/zip.ts";
import { isUnreachable, TabTuneError, wordsOf } from "../errors.ts";
import type { ByteSource } from "../storage/byte-source.ts";
import { listed } from "../words.ts";
import { CONFIG_FILE, folderOf, isPart, isZip, nameOf, namesAdapter, PICKLE, WEIGHTS_FILE } from "./file-names.ts";

/** The bytes of both files, and what to call the adapter: its folder or zip. */
export interface AdapterFiles {
  label: string;
  weights: Uint8Array;
  config: string;
}

/** A file that was given, by its path inside of what was given. */
export interface GivenFile {
  path: string;
  blob: ByteSource;
}

/** One allocation must hold the weights. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * The adapter among the files; undefined where no name is an adapter's.
 * @param label what to call it where its files lie in no folder
 * @throws TabTuneError "bad-adapter" where a part is missing, is a pickle or is damaged, or where there are several
 */
export async function adapterIn(files: readonly GivenFile[], label: string): Promise<AdapterFiles | undefined> {
  const [only] = files;
  const zip = files.length === 1 && isZip(only!.path) ? only : undefined;
  const entries = zip ? await entriesOfZip(zip) : files.map(({ path, blob }) => blobEntry(path, blob));
  const paths = entries.map(({ path }) => path);
  if (!namesAdapter(paths)) return undefined;
  const { weights, config } = partsOf(entries);
  if (weights.size > MOST_BYTES) {
    throw refuse(
      `${weights.path} has ${(weights.size / 1e9).toFixed(1)} GB; at most 2.1 GB of an adapter can be read.`,
      "Give an adapter of a smaller rank.",
    );
  }
  const folder = nameOf(folderOf(weights.path));
  return {
    label: zip ? nameOf(zip.path).replace(/\.zip$/i, "") : folder || label,
    weights: await bytesOf(weights),
    config: new TextDecoder().decode(await bytesOf(config)),
  };
}

const refuse = (message: string, remedy: string, cause?: unknown): TabTuneError =>
  new TabTuneError("bad-adapter", message, remedy, "The model is unchanged.", { cause });

/** Entries of a zip; none of one that cannot be read and does not begin with an adapter's file. */
async function entriesOfZip({ path, blob }: GivenFile): Promise<Entry[]> {
  try {
    const budget = { entries: defaultLimits.archiveEntries, unpackedBytes: defaultLimits.unpackedBytes };
    return (await zipEntries(path, blob, defaultLimits, budget)).entries;
  } catch (cause) {
    if (isUnreachable(cause) || !(await beginsWithAdapter(blob))) return [];
    throw refuse(`${path} is no whole zip: ${wordsOf(cause)}`, "Download it again, and give the whole file.", cause);
  }
}

/** Without its end a zip has no directory; its first entry still says what it was. */
async function beginsWithAdapter(blob: ByteSource): Promise<boolean> {
  const start = new TextDecoder("latin1").decode(await blob.slice(0, 512).arrayBuffer());
  return start.startsWith("PK\x03\x04") && /adapter_(model|config)\./.test(start);
}

/** Weights and config out of one folder, the one that lies highest. */
function partsOf(entries: readonly Entry[]): { weights: Entry; config: Entry } {
  const folders = [...new Set(entries.filter(({ path }) => isPart(path)).map(({ path }) => folderOf(path)))];
  const depth = (folder: string): number => (folder === "" ? 0 : folder.split("/").length);
  const highest = Math.min(...folders.map(depth));
  const top = folders.filter((folder) => depth(folder) === highest);
  if (top.length > 1) {
    throw refuse(`There are ${top.length} adapters: ${listed(top)}.`, "Give one of these folders.");
  }
  const here = entries.filter(({ path }) => folderOf(path) === top[0]);
  const find = (name: string) => here.find(({ path }) => nameOf(path) === name);
  const [weights, config] = [find(WEIGHTS_FILE), find(CONFIG_FILE)];
  const pickle = here.find(({ path }) => PICKLE.test(path));
  if (!weights && pickle) {
    throw refuse(
      `The adapter's weights are in ${nameOf(pickle.path)}, a pickle: a program that would run when it is read, so it is not.`,
      "Save it again with save_pretrained(…, safe_serialization=True).",
    );
  }
  if (!weights || !config) {
    const [there, missing] = weights ? [WEIGHTS_FILE, CONFIG_FILE] : [CONFIG_FILE, WEIGHTS_FILE];
    throw refuse(`${missing} is missing beside ${there}.`, "Give both files of the adapter together.");
  }
  return { weights, config };
}

async function bytesOf(entry: Entry): Promise<Uint8Array> {
  try {
    return new Uint8Array(await (await entry.blob()).arrayBuffer());
  } catch (cause) {
    throw refuse(
      `${entry.path} cannot be read: ${wordsOf(cause)}`,
      "Download it again, and give the whole file.",
      cause,
    );
  }
}
