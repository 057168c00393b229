/** Files that tests drop: made here, so that each says what is in it. */
import fs from "node:fs";
import zlib from "node:zlib";
import type { Locator } from "@playwright/test";

export const demoPicture = (name: string): Uint8Array => fs.readFileSync(`public/demo/data/images/${name}`);

/** The demo model's files by their names, as a hub has them. */
export function demoModelFiles(): Map<string, Uint8Array> {
  const folder = "public/demo/model";
  return new Map(fs.readdirSync(folder).map((name) => [name, new Uint8Array(fs.readFileSync(`${folder}/${name}`))]));
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const jsonLines = (rows: unknown[]): Uint8Array => text(rows.map((row) => JSON.stringify(row)).join("\n"));

/** A file as a file chooser takes it. */
export interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export const upload = (name: string, bytes: Uint8Array): Upload => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(bytes),
});

/** Drops files on an element, as a hand does. */
export async function drop(
  target: Locator,
  files: { name: string; type?: string; bytes: Uint8Array }[],
): Promise<void> {
  const page = target.page();
  const plain = files.map(({ name, type = "", bytes }) => ({ name, type, bytes: [...bytes] }));
  const transfer = await page.evaluateHandle((all) => {
    const data = new DataTransfer();
    for (const { name, type, bytes } of all) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
    return data;
  }, plain);
  for (const type of ["dragenter", "dragover", "drop"]) await target.dispatchEvent(type, { dataTransfer: transfer });
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** ISO 3309, as PNG wants it (zlib.crc32 came only with Node 22). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A valid black 1-bit PNG: 16000 x 16000 pixels pack into 31 kB, and unpack into 1 GB of RGBA. */
export function blackPng(side: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // bits a sample; grey, deflate, no interlace are zeros
  const rows = zlib.deflateSync(Buffer.alloc(side * (1 + Math.ceil(side / 8))), { level: 9 });
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", rows),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
