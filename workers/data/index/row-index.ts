/**
 * Every row of a drop as it was read, in blocks: texts and places of pictures, compressed. It is written in one pass that opens no
 * picture, so that a set of any size can be looked at and trained on before it is prepared. Keys: `dataset/<id>/index/<n>`, and
 * `dataset/<id>/kept/<n>` for pictures that lie in no file.
 *
 * A block is what a shuffled order mixes (batches/sampler.ts), so rows that lie in one row group of a file stay in one block: whoever
 * trains on a part of the data reads a part of the file.
 */
import { TabTuneError } from "../../errors.ts";
import { lastUsed } from "../../storage/last-used.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { concat } from "../rows/bytes.ts";
import type { Row } from "../rows/row.ts";
import { deflated, inflated } from "./deflate.ts";
import { type RowSizes, type StoredRow, sizesOf, storedRow } from "./stored-row.ts";

export interface BlockInfo {
  rows: number;
  /** As stored. */
  bytes: number;
  /** Of the bytes as stored. */
  sha256: string;
  /** Of the pictures that are kept beside it; data sets of an older version have none. */
  keptSha256?: string;
}

/** The index of a data set, without its rows. */
export interface IndexInfo {
  blocks: BlockInfo[];
  rows: number;
  /** As stored, with the pictures that are kept beside the blocks. */
  bytes: number;
  /** Most of any row. */
  most: RowSizes;
}

/** A block ends with its row group, or at `most` rows; one that has fewer than `least` goes on behind the end of a group. */
const BLOCK_ROWS = { least: 64, most: 128 };
/** Of pictures that are kept beside a block: their bytes lie in memory until it is written. */
const KEPT_BYTES = 32 << 20;

export const blockKey = (id: string, n: number) => `dataset/${id}/index/${n}`;
export const keptKey = (id: string, n: number) => `dataset/${id}/kept/${n}`;

export interface IndexWriter {
  /** Resolves to the bytes of those of its pictures that lie nowhere but in its record. */
  append(row: Row): Promise<readonly Uint8Array[]>;
  finish(): Promise<IndexInfo>;
}

/** Writes the index of data set `id`. Throws "storage-full", and "bad-image" where a picture in a record is none: nothing of that row is in. */
export function createIndexWriter(store: Store, id: string): IndexWriter {
  const blocks: BlockInfo[] = [];
  const most: RowSizes = { textBytes: 0, messages: 0, pictures: 0 };
  let open: StoredRow[] = [];
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let group: string | undefined;
  let written = 0;
  /** The block before: it is written while the next rows are read. */
  let writing: Promise<void> = Promise.resolve();

  async function write(rows: readonly StoredRow[], pictures: Uint8Array | undefined): Promise<void> {
    const bytes = await deflated(new TextEncoder().encode(JSON.stringify(rows)));
    const n = blocks.length;
    const entries: [string, Uint8Array][] = [[blockKey(id, n), bytes]];
    if (pictures) entries.push([keptKey(id, n), pictures]);
    const [hash, keptHash] = await Promise.all([
      sha256(bytes),
      pictures && sha256(pictures),
      store.set(entries, "relaxed"),
    ]);
    const block = { rows: rows.length, bytes: bytes.length, sha256: hash };
    blocks.push(keptHash ? { ...block, keptSha256: keptHash } : block);
    written += bytes.length + (pictures?.length ?? 0);
  }

  async function flush(): Promise<void> {
    await writing;
    writing = write(open, keptBytes > 0 ? concat(kept, keptBytes) : undefined);
    writing.catch(() => undefined); // thrown by the next flush, or at the end
    // Pictures are not held for two blocks.
    if (keptBytes > 0) await writing;
    open = [];
    kept = [];
    keptBytes = 0;
  }

  return {
    async append(row) {
      const next = groupOf(row);
      const groupEnds = next !== group && open.length >= BLOCK_ROWS.least;
      if (open.length > 0 && (groupEnds || open.length >= BLOCK_ROWS.most || keptBytes >= KEPT_BYTES)) await flush();
      group = next;
      const { stored, kept: more } = await storedRow(row, keptBytes);
      open.push(stored);
      for (const bytes of more) {
        kept.push(bytes);
        keptBytes += bytes.length;
      }
      const sizes = sizesOf(row.messages);
      most.textBytes = Math.max(most.textBytes, sizes.textBytes);
      most.messages = Math.max(most.messages, sizes.messages);
      most.pictures = Math.max(most.pictures, sizes.pictures);
      return more;
    },
    async finish() {
      if (open.length > 0) await flush();
      await writing;
      return { blocks, rows: blocks.reduce((sum, { rows }) => sum + rows, 0), bytes: written, most };
    },
  };
}

/** The row group that a row's pictures lie in; undefined where they lie elsewhere. */
const groupOf = ({ images }: Row): string | undefined => {
  const cell = images[0]?.at;
  return cell && `${cell.file}:${cell.group}`;
};

export interface RowIndex {
  rows: number;
  /** The row at position `i` of 0 … rows - 1. Throws "bad-dataset" for a damaged or missing block. */
  read(i: number): Promise<StoredRow>;
  /** Bytes of a picture of that row that are kept beside its block. */
  kept(i: number, from: number, to: number): Promise<Uint8Array>;
}

/** Opens the index that `info` describes; the `cachedBlocks` last used blocks stay in memory. */
export function openIndex(store: Store, id: string, info: Pick<IndexInfo, "blocks">, cachedBlocks = 9): RowIndex {
  const firsts = firstsOf(info.blocks.map((block) => block.rows));
  const rows = info.blocks.reduce((sum, block) => sum + block.rows, 0);
  const block = lastUsed(cachedBlocks, async (n: number): Promise<StoredRow[]> => {
    const bytes = await store.get(blockKey(id, n));
    const name = `Part ${n + 1} of ${info.blocks.length} of the list of rows`;
    if (bytes === undefined) throw damaged(`${name} is missing.`);
    if ((await sha256(bytes)) !== info.blocks[n]!.sha256) throw damaged(`${name} is damaged: its hash differs.`);
    return JSON.parse(new TextDecoder().decode(await inflated(bytes))) as StoredRow[];
  });
  // Rows that are prepared at once lie in one block, or in two.
  const keptOf = lastUsed(2, async (n: number): Promise<Uint8Array> => {
    const bytes = await store.get(keptKey(id, n));
    const hash = info.blocks[n]!.keptSha256;
    const name = `The pictures of part ${n + 1} of the list of rows are`;
    if (bytes === undefined) throw damaged(`${name} missing.`);
    if (hash !== undefined && (await sha256(bytes)) !== hash) throw damaged(`${name} damaged: their hash differs.`);
    return bytes;
  });

  return {
    rows,
    async read(i) {
      const n = blockOf(firsts, i);
      return (await block(n))[i - firsts[n]!]!;
    },
    async kept(i, from, to) {
      const bytes = await keptOf(blockOf(firsts, i));
      if (bytes.length < to) throw damaged(`The pictures of row ${i + 1} are missing.`);
      return bytes.slice(from, to);
    },
  };
}

const damaged = (message: string): TabTuneError =>
  new TabTuneError("bad-dataset", message, "Drop the files again.", "Saved runs are untouched.");

/** Position of the first row of each part, of parts with so many rows. */
export function firstsOf(sizes: readonly number[]): number[] {
  const firsts: number[] = [];
  let counted = 0;
  for (const rows of sizes) {
    firsts.push(counted);
    counted += rows;
  }
  return firsts;
}

/** The last part that begins at or before row `i`. */
export function blockOf(firsts: readonly number[], i: number): number {
  let low = 0;
  let high = firsts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (firsts[middle]! <= i) low = middle;
    else high = middle - 1;
  }
  return low;
}
