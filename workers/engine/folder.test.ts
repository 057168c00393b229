import { expect, test } from "vitest";
import type { TabTuneError } from "../errors.ts";
import { intoFolder } from "./folder.ts";

/** A folder as browsers have it: a handle makes an empty file, a stream's bytes are there once it is closed. */
function fakeFolder(before: Record<string, string> = {}, room = Number.POSITIVE_INFINITY) {
  const files = new Map(Object.entries(before));
  const place = (prefix: string): unknown => ({
    getDirectoryHandle: async (name: string) => place(`${prefix}${name}/`),
    async getFileHandle(name: string, { create = false } = {}) {
      const path = prefix + name;
      if (!files.has(path) && !create) throw new DOMException("none", "NotFoundError");
      if (!files.has(path)) files.set(path, "");
      return {
        async createWritable() {
          let text = "";
          return {
            async write(bytes: Uint8Array) {
              text += new TextDecoder().decode(bytes);
              if (text.length > room) throw new DOMException("full", "QuotaExceededError");
            },
            close: async () => void files.set(path, text),
            abort: async () => undefined,
          };
        },
      };
    },
    removeEntry: async (name: string) => void files.delete(prefix + name),
  });
  return { files, handle: place("") as FileSystemDirectoryHandle };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("files of an export stay where it went well", async () => {
  const { files, handle } = fakeFolder({ old: "old" });
  await intoFolder(handle, async (target) => {
    for (const name of ["a", "deep/b"]) {
      const writer = await target.create(name);
      await writer.write(bytes(name));
      await writer.commit();
      await writer.abort();
    }
  });
  expect([...files]).toEqual([
    ["old", "old"],
    ["a", "a"],
    ["deep/b", "deep/b"],
  ]);
});

test("where the disk is full, nothing of the export stays, and what was there before does", async () => {
  const { files, handle } = fakeFolder({ old: "old", "deep/b": "before" }, 4);
  const going = intoFolder(handle, async (target) => {
    const whole = await target.create("a");
    await whole.write(bytes("a"));
    await whole.commit();
    const writer = await target.create("deep/b");
    try {
      await writer.write(bytes("too much"));
    } finally {
      await writer.abort();
    }
  });
  await expect(going).rejects.toMatchObject({ code: "storage-full" } satisfies Partial<TabTuneError>);
  expect([...files]).toEqual([
    ["old", "old"],
    ["deep/b", "before"],
  ]);
});
