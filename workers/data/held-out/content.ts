/**
 * What a row is by its content, in words short enough to keep for every row of a data set: one a picture, or one of its texts where it
 * has none. Rows with a word in common belong together. They lie under `dataset/<id>/contents`.
 *
 * Of data that is prepared whole a picture's word is a hash of its bytes. Of larger data nobody opens a picture before it is needed: the
 * word is that of its place, and pictures that are equal in different places are found when they are prepared (same-picture.ts).
 */
import { TabTuneError } from "../../errors.ts";
import { sealBytes, unsealed } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { deflated, inflated } from "../index/deflate.ts";
import type { Message, Row } from "../rows/row.ts";

/** Sixteen hexadecimal digits each. */
export type RowContent = readonly string[];

const DIGITS = 16;

/** Hash of some bytes. */
export const contentOfBytes = async (bytes: Uint8Array): Promise<string> => (await sha256(bytes)).slice(0, DIGITS);

/** A row's words by hashes of its pictures; by its texts where it has none. */
export const contentOf = (messages: readonly Message[], pictures: readonly string[]): RowContent =>
  pictures.length > 0 ? pictures : [hashOfText(JSON.stringify(messages))];

/** The words of a row whose pictures are not opened. `kept`: bytes of those that lie in the record itself, in order. */
export async function contentByPlace({ images, messages }: Row, kept: readonly Uint8Array[]): Promise<RowContent> {
  let n = 0;
  const pictures: string[] = [];
  for (const { file, at } of images) {
    if (file !== undefined) pictures.push(hashOfText(`file ${file}`));
    else if (at !== undefined) pictures.push(hashOfText(`cell ${JSON.stringify(at)}`));
    else pictures.push(await contentOfBytes(kept[n++]!));
  }
  return contentOf(messages, pictures);
}

/** Rows whose pictures are hashed when their bytes are read; a row's content is known once it is prepared. */
export function hashedRows(rows: AsyncGenerator<Row>): { rows: AsyncGenerator<Row>; contentOf(row: Row): RowContent } {
  const hashes = new WeakMap<Row, string[]>();
  async function* hashing(): AsyncGenerator<Row> {
    for await (const row of rows) {
      const found: string[] = [];
      const images = row.images.map((image, n) => ({
        ...image,
        async bytes() {
          const bytes = await image.bytes();
          found[n] = await contentOfBytes(bytes);
          return bytes;
        },
      }));
      const read = { ...row, images };
      hashes.set(read, found);
      yield read;
    }
  }
  return { rows: hashing(), contentOf: (row) => contentOf(row.messages, hashes.get(row)!.filter(Boolean)) };
}

/** 64 bits of FNV-1a's kind over UTF-16 units, in two lanes: there are a million rows, and a call of the platform for each is slow. */
export function hashOfText(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(DIGITS / 2, "0");
  return hex(a) + hex(b);
}

const contentsKey = (id: string): string => `dataset/${id}/contents`;

/** Keeps the words of every row of a data set's index. */
export async function writeContents(store: Store, id: string, contents: readonly RowContent[]): Promise<void> {
  const text = contents.map((words) => words.join(" ")).join("\n");
  await store.set([[contentsKey(id), await sealBytes(await deflated(new TextEncoder().encode(text)))]], "relaxed");
}

/** The text of a stored record; undefined for a damaged one. Older versions did not seal it: whether it unpacks is all that is known then. */
export async function unpackedContents(stored: Uint8Array): Promise<Uint8Array | undefined> {
  const bytes = await unsealed(stored);
  // Platforms differ in what they throw of bytes that are no stream.
  return bytes && inflated(bytes).catch(() => undefined);
}

/** By position in the index; undefined where an older version prepared the data. Throws "bad-dataset" for a damaged record. */
export async function readContents(store: Store, id: string): Promise<RowContent[] | undefined> {
  const stored = await store.get(contentsKey(id));
  if (stored === undefined) return undefined;
  const bytes = await unpackedContents(stored);
  if (bytes === undefined) {
    throw new TabTuneError(
      "bad-dataset",
      "The record of which rows show the same is damaged.",
      "Give the same data again.",
      "Saved runs are untouched.",
    );
  }
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .map((line) => (line === "" ? [] : line.split(" ")));
}
