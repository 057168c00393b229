import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type FileSystem, openFsStore } from "./fs.ts";
import type { Store } from "./store.ts";

const scratch = await nodeFs.mkdtemp(join(tmpdir(), "tabtune-fs-"));
afterAll(() => nodeFs.rm(scratch, { recursive: true }));
let serial = 0;
const freshDirectory = () => join(scratch, String(serial++));

/** Node's file operations until the `fatal`th of them, which a killed process does half or not at all, and none after. */
function dying(fatal: number): FileSystem & { count: number } {
  const state = { count: 0 };
  const mortal = (name: keyof FileSystem) =>
    Reflect.get(nodeFs, name) as unknown as (...args: unknown[]) => Promise<unknown>;
  const wrap =
    (name: keyof FileSystem) =>
    async (...args: unknown[]) => {
      state.count++;
      if (state.count === fatal && name === "writeFile") {
        const data = args[1] as string | Uint8Array;
        await nodeFs.writeFile(args[0] as string, data.slice(0, data.length >> 1));
      }
      if (state.count >= fatal) throw new Error("killed");
      return mortal(name)(...args);
    };
  const names = ["mkdir", "readdir", "readFile", "writeFile", "rename", "rm", "open"] as const;
  return Object.assign(state, Object.fromEntries(names.map((name) => [name, wrap(name)]))) as unknown as FileSystem & {
    count: number;
  };
}

const generation = (value: number): [string, Uint8Array][] =>
  ["manifest", "chunk/0", "chunk/1"].map((key) => [key, new Uint8Array(10).fill(value)]);

/** Which generation is there; -1 when it is a mix or torn. */
async function generationIn(store: Store): Promise<number> {
  const values = await Promise.all(generation(0).map(([key]) => store.get(key)));
  if (values.every((value) => value === undefined)) return 0;
  const first = values[0]?.[0] ?? -1;
  return values.every((value) => value?.length === 10 && value.every((byte) => byte === first)) ? first : -1;
}

describe.each(["strict", "relaxed"] as const)("a process killed during a %s set", (durability) => {
  test.each([0, 1])("over generation %i leaves the old values or the new ones, at every point", async (before) => {
    const outcomes = new Set<number>();
    for (let fatal = 1; ; fatal++) {
      const directory = freshDirectory();
      if (before === 1) {
        const store = await openFsStore(directory);
        await store.set(generation(1), durability);
        store.close();
      }
      const fs = dying(fatal);
      let survived = true;
      try {
        const store = await openFsStore(directory, fs);
        await store.set(generation(2), durability);
      } catch (error) {
        expect((error as Error).message).toBe("killed");
        survived = false;
      }
      const after = await openFsStore(directory);
      const found = await generationIn(after);
      outcomes.add(found);
      expect(found === before || found === 2, `killed at operation ${fatal}: generation ${found}`).toBe(true);
      if (survived) {
        expect(found).toBe(2);
        expect(fs.count).toBeLessThan(fatal);
        break;
      }
      // Nothing of the unfinished set lies about.
      expect(await nodeFs.readdir(join(directory, "pending"))).toEqual([]);
      expect(await nodeFs.readdir(directory)).toEqual(["pending", "values"]);
    }
    expect([...outcomes].sort()).toEqual([before, 2]);
  });
});

test("a process killed during recovery, too, leaves old or new", async () => {
  for (let fatal = 1; fatal < 12; fatal++) {
    const directory = freshDirectory();
    const store = await openFsStore(directory);
    await store.set(generation(1), "relaxed");
    // Dies on the first move after the commit point: 3 values, the journal, its rename, one move.
    const killer = dying(9 + 2);
    await (await openFsStore(directory, killer)).set(generation(2), "relaxed").catch(() => undefined);
    expect(await nodeFs.readdir(directory)).toContain("journal.json");
    await openFsStore(directory, dying(fatal)).catch(() => undefined);
    expect(await generationIn(await openFsStore(directory))).toBe(2);
  }
});

test("a full disk is storage-full and the old values stay readable in the same process", async () => {
  const fs: FileSystem = {
    ...nodeFs,
    writeFile: (async (file: string, data: Uint8Array, options: object) => {
      if (data[0] === 2) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      return nodeFs.writeFile(file, data, options);
    }) as typeof nodeFs.writeFile,
  };
  const store = await openFsStore(freshDirectory(), fs);
  await store.set(generation(1), "strict");
  await expect(store.set(generation(2), "strict")).rejects.toMatchObject({ code: "storage-full" });
  expect(await generationIn(store)).toBe(1);
  await store.set(generation(3), "strict");
  expect(await generationIn(store)).toBe(3);
});

test("a strict set flushes the relaxed ones before it, ahead of its own commit", async () => {
  const log: string[] = [];
  const directory = freshDirectory();
  const fs: FileSystem = {
    ...nodeFs,
    open: (async (path: string) => {
      log.push(`flush ${path.slice(directory.length + 1)}`);
      return nodeFs.open(path);
    }) as typeof nodeFs.open,
    rename: async (from, to) => {
      log.push(`rename ${String(to).slice(directory.length + 1)}`);
      await nodeFs.rename(from, to);
    },
  };
  const store = await openFsStore(directory, fs);
  await store.set([["chunk", Uint8Array.of(1)]], "relaxed");
  await store.set([["manifest", Uint8Array.of(2)]], "strict");
  expect(log.filter((line) => line !== "flush pending")).toEqual([
    "rename journal.json",
    "rename values/chunk",
    "flush values/chunk",
    "flush values",
    "rename journal.json",
    "flush ",
    "rename values/manifest",
    "flush values",
  ]);
});

test("files that the store did not write are no keys: what a desktop leaves in a folder, a copy by another name", async () => {
  const directory = freshDirectory();
  const store = await openFsStore(directory);
  await store.set([["run/r/info", Uint8Array.of(1)]], "strict");
  for (const name of [".DS_Store", "bad%zzname", "run%2fr%2finfo (copy)"])
    await nodeFs.writeFile(join(directory, "values", name), "x");
  expect(await store.keys("")).toEqual(["run/r/info"]);
});

test.each(["null", "7", "{}", '{"moves":7,"removes":[]}', '{"moves":[["../x","y"]],"removes":[]}', "torn{"])(
  "a journal that holds %s is none: the values stay",
  async (journal) => {
    const directory = freshDirectory();
    const store = await openFsStore(directory);
    await store.set([["key", Uint8Array.of(1)]], "strict");
    store.close();
    await nodeFs.writeFile(join(directory, "journal.json"), journal);
    expect(await (await openFsStore(directory)).get("key")).toEqual(Uint8Array.of(1));
  },
);
