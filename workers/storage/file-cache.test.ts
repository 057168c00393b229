import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fakeOpfs } from "../testing/fake-opfs.ts";
import type { FileCache } from "./file-cache.ts";
import { openFsCache } from "./fs-cache.ts";
import { openOpfsCache } from "./opfs.ts";

const scratch = await mkdtemp(join(tmpdir(), "tabtune-cache-"));
afterAll(() => rm(scratch, { recursive: true }));

const opfs = fakeOpfs();
const kinds: { kind: string; open: (name: string) => Promise<FileCache> }[] = [
  { kind: "a directory", open: (name) => openFsCache(join(scratch, name)) },
  { kind: "OPFS", open: (name) => openOpfsCache(name, opfs.root) },
];
const bytes = (...values: number[]) => Uint8Array.from(values);

describe.each(kinds)("file cache in $kind", ({ open }) => {
  test("a committed file can be read in ranges, also after reopening", async () => {
    const cache = await open("a");
    const writer = await cache.create("Model/ä.bin");
    await writer.write(bytes(0, 1, 2));
    await writer.write(bytes(3, 4));
    await writer.write(bytes());
    await writer.commit();
    await writer.abort();
    const reader = (await (await open("a")).open("Model/ä.bin"))!;
    expect(reader.size).toBe(5);
    expect(await reader.read(1, 4)).toEqual(bytes(1, 2, 3));
    expect(await reader.read(5, 5)).toEqual(bytes());
    await expect(reader.read(3, 6)).rejects.toThrow("Bytes 3 to 6 were asked of 5");
    await expect(reader.read(-1, 2)).rejects.toThrow(RangeError);
    expect(await cache.list()).toEqual([{ name: "Model/ä.bin", bytes: 5 }]);
  });

  test("a file that was not committed does not exist", async () => {
    const cache = await open("b");
    const killed = await cache.create("x");
    await killed.write(bytes(1));
    expect(await cache.open("x")).toBeUndefined();
    expect(await cache.list()).toEqual([]);
    const dropped = await cache.create("x");
    await dropped.write(bytes(2));
    await dropped.abort();
    await dropped.abort();
    expect(await cache.open("x")).toBeUndefined();
    await killed.abort();
  });

  test("the old file stays until the new one is whole", async () => {
    const cache = await open("c");
    for (const value of [1, 2]) {
      const writer = await cache.create("x");
      await writer.write(bytes(value));
      if (value === 2) expect(await (await cache.open("x"))!.read(0, 1)).toEqual(bytes(1));
      await writer.commit();
    }
    expect(await (await cache.open("x"))!.read(0, 1)).toEqual(bytes(2));
    expect(await cache.list()).toEqual([{ name: "x", bytes: 1 }]);
  });

  test("deletes, also what is not there", async () => {
    const cache = await open("d");
    await (await cache.create("x")).commit();
    expect(await cache.list()).toEqual([{ name: "x", bytes: 0 }]);
    await cache.delete("x");
    await cache.delete("x");
    expect(await cache.list()).toEqual([]);
  });
});

test("directory: parts older than a day are swept, younger ones may be another process's", async () => {
  const directory = join(scratch, "sweep");
  await openFsCache(directory);
  await writeFile(join(directory, "old.1.part"), "x");
  await writeFile(join(directory, "new.2.part"), "x");
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600;
  await utimes(join(directory, "old.1.part"), twoDaysAgo, twoDaysAgo);
  await openFsCache(directory);
  expect(await readdir(directory)).toEqual(["new.2.part"]);
});

test("OPFS: parts of dead writers are swept, those in use stay", async () => {
  const cache = await openOpfsCache("sweep", opfs.root);
  await (await cache.create("dead")).write(bytes(1));
  opfs.killWriters();
  const alive = await cache.create("alive");
  await openOpfsCache("sweep", opfs.root);
  await alive.write(bytes(2));
  await alive.commit();
  expect(opfs.namesIn("sweep")).toEqual(["alive"]);
});

test("OPFS: a full quota is storage-full, however the browser tells it", async () => {
  const cache = await openOpfsCache("full", opfs.root);
  for (const how of ["throws", "writes short", "writes -8"] as const) {
    opfs.quota = { bytes: 4, how };
    const writer = await cache.create("x");
    await expect(writer.write(new Uint8Array(10))).rejects.toMatchObject({
      code: "storage-full",
      message: 'There is no room left to write the cached file "x".',
    });
    await writer.abort();
  }
  opfs.quota = undefined;
  expect(opfs.namesIn("full")).toEqual([]);
});

test("a disk too full for the directory: nothing is there, and only writing fails", async () => {
  opfs.quota = { bytes: 0, how: "throws" };
  const cache = await openOpfsCache("no-room", opfs.root);
  expect(await cache.list()).toEqual([]);
  expect(await cache.open("x")).toBeUndefined();
  await cache.delete("x");
  await expect(cache.create("x")).rejects.toMatchObject({ code: "storage-full" });
  opfs.quota = undefined;
  const writer = await cache.create("x");
  await writer.write(bytes(1));
  await writer.commit();
  expect(await cache.list()).toEqual([{ name: "x", bytes: 1 }]);
});
