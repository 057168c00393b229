/** What a browser keeps of a visit, as one text in which a test can look for what must not be there. */
import type { Page } from "@playwright/test";

/** All that this browser keeps for the site, as text: storages, databases, caches and private files up to a megabyte each. */
export const kept = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const texts = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
    const decode = (bytes: ArrayBuffer): string => new TextDecoder("latin1").decode(bytes.slice(0, 1 << 20));
    const written = async (value: unknown): Promise<string> => {
      if (value instanceof Blob) return decode(await value.arrayBuffer());
      if (value instanceof ArrayBuffer) return decode(value);
      if (ArrayBuffer.isView(value)) return decode(value.buffer as ArrayBuffer);
      if (Array.isArray(value) || (typeof value === "object" && value !== null))
        return (
          await Promise.all(Object.entries(value).map(async ([key, item]) => `${key} ${await written(item)}`))
        ).join(" ");
      return String(value);
    };
    for (const { name } of await indexedDB.databases()) {
      const base = await new Promise<IDBDatabase>((resolve, reject) => {
        const asked = indexedDB.open(name!);
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
      for (const store of base.objectStoreNames) {
        const all = base.transaction(store).objectStore(store);
        for (const asked of [all.getAllKeys(), all.getAll()])
          texts.push(await written(await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)))));
      }
      base.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const { url } of await cache.keys()) texts.push(url);
    }
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        texts.push(name);
        if (entry.kind === "directory") await walk(entry as FileSystemDirectoryHandle);
        else
          texts.push(decode(await (await (entry as FileSystemFileHandle).getFile()).slice(0, 1 << 20).arrayBuffer()));
      }
    };
    await walk(await navigator.storage.getDirectory());
    return texts.join("\n");
  });
