/** Everything that the page keeps in a browser: databases, files, caches, and what it remembers of the last visit. */
import type { Page } from "@playwright/test";
import { unsealJson } from "../../workers/storage/sealed.ts";

export interface StoredEntry {
  bytes: number;
  sha256: string;
  /** Of a sealed record of JSON: what it says; undefined of any other, and of a damaged one. */
  json?: unknown;
}

export interface Stored {
  databases: string[];
  /** The one database, by key, in the order of keys. */
  entries: Map<string, StoredEntry>;
  /** Bytes of files of the origin's own, by path. */
  files: Map<string, number>;
  caches: string[];
  remembered: string[];
  /** Bytes that the browser counts for all of it, with what it has yet to tidy up. */
  usage: number;
}

/** Larger than any record of JSON here. */
const MOST_JSON = 1 << 20;
const SEALED = /^[0-9a-f]{64}\n/;

export async function readStored(page: Page): Promise<Stored> {
  const raw = await page.evaluate(async (mostJson) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const hex = (bytes: ArrayBuffer): string =>
      [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const database = await done(indexedDB.open("tabtune"));
    const keys = (await done(database.transaction("values").objectStore("values").getAllKeys())) as string[];
    const entries: [string, { bytes: number; sha256: string; text: string }][] = [];
    for (const key of keys) {
      const value: Uint8Array<ArrayBuffer> = await done(database.transaction("values").objectStore("values").get(key));
      const sha256 = hex(await crypto.subtle.digest("SHA-256", value));
      const text = value.length <= mostJson ? new TextDecoder("latin1").decode(value) : "";
      entries.push([
        key,
        { bytes: value.length, sha256, text: /^[0-9a-f]{64}\n[{["]/.test(text) ? new TextDecoder().decode(value) : "" },
      ]);
    }
    database.close();
    const files: [string, number][] = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "directory") await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
        else files.push([path + name, (await (handle as FileSystemFileHandle).getFile()).size]);
      }
    };
    await walk(await navigator.storage.getDirectory(), "");
    return {
      databases: (await indexedDB.databases()).map(({ name }) => name ?? ""),
      entries,
      files: files.sort(([a], [b]) => (a < b ? -1 : 1)),
      caches: await caches.keys(),
      remembered: Object.keys(localStorage).sort(),
      usage: (await navigator.storage.estimate()).usage ?? 0,
    };
  }, MOST_JSON);
  const entries = new Map<string, StoredEntry>();
  for (const [key, { bytes, sha256, text }] of raw.entries) {
    const json = SEALED.test(text) ? await unsealJson(new TextEncoder().encode(text)) : undefined;
    entries.set(key, { bytes, sha256, ...(json === undefined ? {} : { json }) });
  }
  return { ...raw, entries, files: new Map(raw.files) };
}
