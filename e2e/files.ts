/** Files that tests drop: made here, so that each says what is in it. */
import fs from "node:fs";
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
