/**
 * Which files are one sample: a picture and the text that belongs to it. Beside each other they have one name (`a.jpg` + `a.txt`, or
 * `a.jpg.txt`), also where they differ in case or in how an umlaut is encoded; in a tar the key ends at the first dot of the name, as
 * WebDataset has it, unless the names themselves have dots; and in two folders (`images/a.jpg` + `captions/a.txt`) their names are equal
 * once the folders' own are left out.
 */
import { baseName, type Entry, extensionOf, folderOf, grouped } from "./entry.ts";
import { ANY_FOLDER, TEXT_FOLDER } from "./folders.ts";
import { isCaption, isPicture, isSampleText } from "./sidecar.ts";

export interface SampleKeys {
  /** Folder and name of a sample; equal for the files of one. */
  of(entry: Entry): string;
  /** Tars whose keys end at the last dot of the name, because there are dots in the names. */
  dotted: string[];
  /** Texts that lie in another folder than their picture. */
  apart: Entry[];
}

const inTar = (entry: Entry) => entry.archive?.kind === "tar";

function keyTo(entry: Entry, dot: (name: string) => number): string {
  const name = baseName(entry.path);
  const end = dot(name);
  return `${folderOf(entry.path)}/${end <= 0 ? name : name.slice(0, end)}`.normalize("NFC");
}
const toFirstDot = (entry: Entry) => keyTo(entry, (name) => name.indexOf(".", 1));
const toLastDot = (entry: Entry) => keyTo(entry, (name) => name.lastIndexOf("."));

/** The path without extension and without the folders of `silent` names. */
function bareKey(entry: Entry, silent: RegExp): string {
  const path = entry.archive ? entry.path.slice(entry.archive.path.length + 1) : entry.path;
  const folders = folderOf(path).split("/");
  return [...folders.filter((name) => !silent.test(name)), baseName(toLastDot(entry))].join("/");
}

export function sampleKeys(entries: readonly Entry[]): SampleKeys {
  const members = entries.filter((entry) => isPicture(entry) || isSampleText(entry));
  const dotted = dottedTars(members.filter(inTar));
  const pictures = members.filter(isPicture);
  const plain = (entry: Entry) =>
    inTar(entry) && !dotted.has(entry.archive!.path) ? toFirstDot(entry) : toLastDot(entry);
  const keys = new Map<Entry, string>();
  const byPath = new Map(
    pictures.map((picture) => [`${folderOf(picture.path)}/${baseName(picture.path)}`.normalize("NFC"), picture]),
  );
  for (const entry of members) {
    const doubled = isSampleText(entry) ? byPath.get(toLastDot(entry)) : undefined; // a.jpg.txt
    keys.set(entry, plain(doubled ?? entry));
  }
  const of = (entry: Entry) => keys.get(entry) ?? plain(entry);

  /** Gives texts without a picture to pictures without a text where their names are equal by these keys, and no others are. */
  function join(keyOfPicture: (entry: Entry) => string, keyOfText: (entry: Entry) => string): Entry[] {
    const pictured = new Set(pictures.map(of));
    const lone = members.filter((entry) => isSampleText(entry) && !pictured.has(of(entry)));
    const told = new Set(members.filter(isSampleText).map(of));
    const bare = only(
      pictures.filter((picture) => !told.has(of(picture))),
      keyOfPicture,
    );
    const textsOf = (kind: (entry: Entry) => boolean) => only(lone.filter(kind), keyOfText);
    const joined: Entry[] = [];
    for (const [key, text] of [...textsOf(isCaption), ...textsOf((entry) => !isCaption(entry))]) {
      const picture = text && bare.get(key);
      if (!text || !picture) continue;
      keys.set(text, of(picture));
      joined.push(text);
    }
    return joined;
  }
  const folded = (entry: Entry) => of(entry).toLowerCase();
  join(folded, folded); // IMG_1.JPG and img_1.txt
  const apart = join(
    (picture) => bareKey(picture, ANY_FOLDER),
    (text) => bareKey(text, TEXT_FOLDER),
  );
  return { of, dotted: [...dotted], apart };
}

/** Entries by key; null where several have it. */
function only(entries: readonly Entry[], key: (entry: Entry) => string): Map<string, Entry | null> {
  const found = new Map<string, Entry | null>();
  for (const entry of entries) found.set(key(entry), found.has(key(entry)) ? null : entry);
  return found;
}

/** Tars where samples of names with dots would flow into one: two pictures or two texts, one text agreeing with its picture beyond the dot. */
function dottedTars(members: readonly Entry[]): Set<string> {
  const dotted = new Set<string>();
  for (const [key, sample] of grouped(members, toFirstDot)) {
    const pictures = new Set(sample.filter(isPicture).map(toLastDot));
    const alike = (a: Entry, b: Entry) => isPicture(a) || extensionOf(a.path) === extensionOf(b.path);
    const flows = (text: Entry) => sample.some((other) => toLastDot(other) !== toLastDot(text) && alike(other, text));
    const own = sample.filter((entry) => isSampleText(entry) && pictures.has(toLastDot(entry)));
    if (own.some((text) => toLastDot(text) !== key && flows(text))) dotted.add(sample[0]!.archive!.path);
  }
  return dotted;
}
