/** Dropped and picked files as one list with paths relative to what was dropped. */
import type { DatasetSource, DroppedFile } from "../../workers/protocol/dataset.ts";
import { words } from "../words/index.ts";

async function entriesOf(entry: FileSystemEntry, prefix: string, out: DroppedFile[]): Promise<void> {
  const path = prefix ? `${prefix}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const blob = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    out.push({ path, blob });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives at most 100 entries a call and an empty list at the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const child of batch) await entriesOf(child, path, out);
  }
}

/** Everything in a drop, folders opened. Entries must be taken before the first await: the drop's list is then emptied. */
export async function filesOfDrop(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].flatMap((item) => (item.kind === "file" ? [item.webkitGetAsEntry()] : []));
  const plain = [...transfer.files];
  const out: DroppedFile[] = [];
  if (entries.some((entry) => entry === null)) return plain.map((file) => ({ path: file.name, blob: file }));
  for (const entry of entries) await entriesOf(entry!, "", out);
  return out;
}

export function filesOfInput(list: FileList): DroppedFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, blob: file }));
}

/** What to call a set of files: the common folder, or the only file's name. */
export function labelOf(files: DroppedFile[]): string {
  if (files.length === 1) return files[0]!.path;
  const first = files[0]?.path.split("/")[0];
  const isFolder = first !== undefined && files.every((file) => file.path.startsWith(`${first}/`));
  return isFolder ? first : words().data.files(files.length);
}

/** A model folder has a config.json and weights; anything else that is dropped is data. */
export function looksLikeModel(files: DroppedFile[]): boolean {
  const names = new Set(files.map((file) => file.path.split("/").at(-1)));
  return names.has("config.json") && [...names].some((name) => name?.endsWith(".safetensors"));
}

/** What to call data that was given. */
export const sourceLabel = (source: DatasetSource): string =>
  source.kind === "sample" ? words().data.sample : source.label;
