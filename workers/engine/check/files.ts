/** Looks at every file of the caches: weights and files of models, ranges of data sets of a hub. All of them can be fetched or made again. */
import type { Listing } from "../../hub/listing.ts";
import type { FileCache } from "../../storage/file-cache.ts";
import { readHashed } from "../../storage/hashed-file.ts";
import type { RangeReader } from "../../storage/range-reader.ts";
import { parsed } from "../../storage/sealed.ts";
import { matches } from "../../weights/hub/hub.ts";
import { aboutFile, parsedAbout } from "../../weights/loading/tensor-cache.ts";
import type { Damage, Looked } from "./damage.ts";

const readWhole = (reader: RangeReader): Promise<Uint8Array> => reader.read(0, reader.size);

type Sound = (name: string, reader: RangeReader) => Promise<boolean>;

async function* damagedFiles(
  cache: FileCache,
  sound: Sound,
  { kind, labelOf, follows }: { kind: "model" | "ranges"; labelOf(folder: string): string; follows: string },
  looked: Looked,
): AsyncGenerator<Damage> {
  for (const { name } of await cache.list()) {
    const reader = await cache.open(name);
    const isSound = !reader || (await sound(name, reader));
    looked();
    if (isSound) continue;
    const slash = name.indexOf("/");
    const message = `${placeOf(name.slice(slash + 1))} (damaged)`;
    yield { kind, item: labelOf(name.slice(0, slash)), message, follows, whole: false, mend: () => cache.delete(name) };
  }
}

/** A range is called by its bytes; any other file by its name. */
function placeOf(file: string): string {
  const [, start, end] = /\/(\d+)-(\d+)$/.exec(file) ?? [];
  return start === undefined ? file : `bytes ${start} to ${end} of a file`;
}

/** `labelOf`: a model's label, by the folder that its files lie in. */
export async function* damageInModels(
  cache: FileCache,
  labelOf: (folder: string) => string,
  looked: Looked,
): AsyncGenerator<Damage> {
  const listings = new Map<string, Listing | undefined>();
  const listingOf = async (folder: string): Promise<Listing | undefined> => {
    if (!listings.has(folder)) {
      const reader = await cache.open(`${folder}/listing`);
      listings.set(folder, reader && (parsed(await readWhole(reader)) as Listing | undefined));
    }
    return listings.get(folder);
  };
  const sound: Sound = async (path, reader) => {
    const slash = path.indexOf("/");
    // Older versions kept a model in one file, which nothing reads.
    if (slash < 0) return true;
    const [folder, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name === aboutFile) return parsedAbout(await readWhole(reader)) !== undefined;
    if (!folder.startsWith("hub-")) return (await readHashed(reader)) !== undefined;
    const bytes = await readWhole(reader);
    if (name === "listing") return parsed(bytes) !== undefined;
    const listed = (await listingOf(folder))?.files.find((file) => file.name === name);
    // The head of a file of weights is checked with the file; what no listing names nobody reads.
    return !listed || matches(listed, bytes);
  };
  const follows = "The file goes: it is fetched or made again with the next load.";
  yield* damagedFiles(cache, sound, { kind: "model", labelOf, follows }, looked);
}

export async function* damageInRanges(cache: FileCache, looked: Looked): AsyncGenerator<Damage> {
  const sound: Sound = async (path, reader) =>
    path.endsWith("/about") ? parsed(await readWhole(reader)) !== undefined : (await readHashed(reader)) !== undefined;
  const follows = "The range goes: it is fetched again when it is read.";
  yield* damagedFiles(cache, sound, { kind: "ranges", labelOf: (folder) => folder, follows }, looked);
}
