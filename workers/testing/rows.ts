/** For tests of this folder: drops made by hand, and everything that readRows says about one. */

import { type InputFile, type ReadOptions, readRows } from "../data/rows/read-rows.ts";
import type { Row, SkippedRow } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";

export function file(path: string, content: string | Uint8Array): InputFile {
  return { path, blob: new Blob([content as BlobPart]) };
}

/** A picture as far as this folder is concerned: bytes. */
export const pixel = new Uint8Array([137, 80, 78, 71]);

export interface ReadAll {
  rows: Row[];
  skipped: SkippedRow[];
  formats: string[];
  notes: string[];
  error?: TabTuneError;
}

/** Every event, and the TabTuneError at the end if there is one; any other error is thrown. */
export async function readAll(files: readonly InputFile[], options?: ReadOptions): Promise<ReadAll> {
  const all: ReadAll = { rows: [], skipped: [], formats: [], notes: [] };
  try {
    for await (const event of readRows(files, options)) {
      if (event.type === "row") all.rows.push(event.row);
      else if (event.type === "skipped") all.skipped.push(event.skipped);
      else if (event.format === "note") all.notes.push(event.detail);
      else all.formats.push(event.format);
    }
  } catch (error) {
    if (!(error instanceof TabTuneError)) throw error;
    all.error = error;
  }
  return all;
}

/** A conversation on one line: "user: [image] \nQ | assistant: A". */
export function said(row: Row | undefined): string {
  return (row?.messages ?? [])
    .map(
      ({ role, content }) =>
        `${role}: ${content.map((part) => (part.type === "image" ? "[image]" : part.text)).join("")}`,
    )
    .join(" | ");
}

interface TarMember {
  name: string;
  content?: string | Uint8Array;
  /** Type flag, "0" (a file) if not given. */
  kind?: string;
  /** The size to claim, where it is not the true one. */
  claim?: number;
}

/** A ustar archive, byte by byte. */
export function tarOf(members: readonly TarMember[]): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text);
  const blocks: Uint8Array[] = [];
  for (const { name, content = "", kind = "0", claim } of members) {
    const bytes = typeof content === "string" ? encode(content) : content;
    const header = new Uint8Array(512);
    const put = (offset: number, text: string) => header.set(encode(text), offset);
    put(0, name);
    put(100, "0000644\0");
    put(124, `${(claim ?? bytes.length).toString(8).padStart(11, "0")}\0`);
    put(148, "        ");
    put(156, kind);
    put(257, "ustar\u000000");
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
    const body = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    body.set(bytes);
    blocks.push(header, body);
  }
  return Uint8Array.from([...blocks, new Uint8Array(1024)].flatMap((block) => [...block]));
}

/** One record of a pax extended header: its length counts itself. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = new TextEncoder().encode(rest).length;
  const length = bytes + String(bytes + String(bytes).length).length;
  return `${length}${rest}`;
}

/** The beginning of a PNG of so many pixels: as much as tells its size. */
export function pngOfSize(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]);
  bytes.set(new TextEncoder().encode("IHDR"), 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  bytes.set([8, 2], 24);
  return bytes;
}
