/** Rows of a hub's Parquet files over ranges: how many requests and bytes they cost, what is kept, and what a bad line does to them. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FileCache } from "../../storage/file-cache.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { type FakeHub, startFakeHub } from "../../testing/fake-hub.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
import { noise, parquetOf, questionsOf } from "../../testing/hub-data.ts";
import { lookAt } from "../rows/look.ts";
import { filesIdentity } from "../shards/data-identity.ts";
import { forgetRanges, listRanges } from "./kept-ranges.ts";
import { type HubDataSet, lookUpDataSet } from "./look-up.ts";
import { type HubReading, hubFiles } from "./open.ts";

const MiB = 2 ** 20;
const names = ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"];
const files = new Map<string, Uint8Array>();
const expected = Array.from({ length: 500 }, (_, n) => `question ${n} ${noise(4, n).join(".")}`);
beforeAll(async () => {
  const picture = (n: number) => noise(20_000, n);
  files.set(names[0]!, await parquetOf(300, { picture }));
  files.set(names[1]!, await parquetOf(200, { from: 300, picture }));
});

let hub: FakeHub;
let set: HubDataSet;
beforeEach(async () => {
  const cardData = { dataset_info: { splits: [{ name: "train", num_examples: 500 }] } };
  hub = await startFakeHub({ kind: "datasets", name: "someone/pictures", files, cardData });
  set = await lookUpDataSet({ repo: "someone/pictures", revision: "main" }, hub.endpoint, {
    fetchFile: fetch,
    token: "",
  });
});
afterEach(() => hub.close());

const sizes = { block: 64 * 1024, piece: MiB };
const freshCache = (): Promise<FileCache> => openOpfsCache("hub-data", fakeOpfs().root);
const open = (cache?: FileCache, more: Partial<HubReading> = {}) =>
  hubFiles(set, { http: { fetchFile: fetch, token: "", retryDelaysMs: [1, 1] }, cache, sizes, ...more });

test("all rows come in order, row group by row group, and no byte twice", async () => {
  expect(await questionsOf(await open())).toEqual(expected);
  expect(hub.sent).toBeLessThanOrEqual(set.bytes);
  expect(hub.asked.length).toBeLessThan(2 * Math.ceil(set.bytes / MiB) + 8);
  expect(hub.asked.every((line) => / bytes=\d+-\d+$/.test(line))).toBe(true);
});

test("the first rows cost the footer and their row groups", async () => {
  const rows = await questionsOf(await open(), { rows: 150, of: 500 });
  expect(rows).toEqual([...expected.slice(0, 150), "note: The first 150 of 500 rows are read, as was asked."]);
  // Two row groups of 2 MB, half a megabyte for the footer.
  expect(hub.sent).toBeLessThan(4.8e6);
  expect(hub.asked.some((line) => line.startsWith(names[1]!))).toBe(false);
  expect((await questionsOf(await open(), { rows: 500, of: 500 })).at(-1)).toBe(expected.at(-1));
});

test("what was fetched is not fetched again after a reload, and goes when it is deleted", async () => {
  const opfs = fakeOpfs();
  const cache = (): Promise<FileCache> => openOpfsCache("hub-data", opfs.root);
  await questionsOf(await open(await cache()), { rows: 100 });
  const once = hub.sent;
  await questionsOf(await open(await cache()), { rows: 100 });
  expect(hub.sent).toBe(once);
  // More rows cost what is new in them.
  expect(await questionsOf(await open(await cache()))).toEqual(expected);
  expect(hub.sent).toBeLessThanOrEqual(set.bytes);
  const [kept] = await listRanges(await cache());
  expect(kept).toMatchObject({ label: "someone/pictures", bytes: expect.any(Number) });
  expect(Math.abs(kept!.bytes - hub.sent)).toBeLessThan(2000);
  await forgetRanges(await cache(), kept!.key);
  expect(await listRanges(await cache())).toEqual([]);
  await questionsOf(await open(await cache()), { rows: 100 });
  expect(hub.sent).toBeGreaterThan(set.bytes);
});

test("deleted while it is read, it is fetched again", async () => {
  const cache = await freshCache();
  await questionsOf(await open(cache), { rows: 100 });
  const again = await open(cache);
  for (const { key } of await listRanges(cache)) await forgetRanges(cache, key);
  expect(await questionsOf(again)).toEqual(expected);
});

test("two readers at once fetch a block once", async () => {
  const [file] = await open();
  const parts = await Promise.all(
    [0, 10, 40_000].map((start) => file!.blob.slice(start, start + 20_000).arrayBuffer()),
  );
  parts.forEach((part, i) => {
    const start = [0, 10, 40_000][i]!;
    expect(new Uint8Array(part)).toEqual(files.get(names[0]!)!.slice(start, start + 20_000));
  });
  expect(hub.asked).toEqual([`${names[0]} bytes=0-65535`]);
});

describe("a bad line", () => {
  test("cut connections cost no byte and no row", async () => {
    let cuts = 0;
    hub.fault = () => {
      if (++cuts % 2) hub.cutAfter = 10_000;
      return false;
    };
    expect(await questionsOf(await open())).toEqual(expected);
    expect(hub.sent).toBeLessThanOrEqual(set.bytes);
  });

  test("a hub that is gone is an error, not rows that are left out; the next visit goes on", async () => {
    const opfs = fakeOpfs();
    hub.fault = (_, response) => {
      if (hub.sent < 4e6) return false;
      response.destroy();
      return true;
    };
    const broken = await open(await openOpfsCache("hub-data", opfs.root));
    await expect(questionsOf(broken)).rejects.toMatchObject({
      code: "network",
      remedy: "Check the connection, then read the data set again to go on.",
      safe: "What was downloaded before is kept in this browser.",
    });
    hub.fault = undefined;
    expect(await questionsOf(await open(await openOpfsCache("hub-data", opfs.root)))).toEqual(expected);
    // A piece under way may be lost.
    expect(hub.sent).toBeLessThanOrEqual(set.bytes + 4 * MiB);
  });

  test("a look at it ends with the same error, once", async () => {
    let asked = 0;
    hub.fault = (_, response) => {
      asked += 1;
      response.destroy();
      return true;
    };
    await expect(lookAt(await open(), {}, 5)).rejects.toMatchObject({ code: "network" });
    expect(asked).toBe(3);
  });

  test("while bytes are waited for, there is a sign of life each second", async () => {
    hub.fault = ({ nth }, response) => {
      if (nth > 1) return false;
      setTimeout(() => response.destroy(), 2500);
      return true;
    };
    const signs: number[] = [];
    const [file] = await open(undefined, { onFetched: (bytes) => signs.push(bytes) });
    await file!.blob.slice(0, 10).arrayBuffer();
    expect(signs.filter((bytes) => bytes === 0).length).toBeGreaterThanOrEqual(2);
    expect(signs.at(-1)).toBe(sizes.block);
  });

  test("access that is taken away, and a file that changes, are told", async () => {
    hub.fault = (_, response) => {
      response.statusCode = 403;
      response.end();
      return true;
    };
    await expect(questionsOf(await open())).rejects.toMatchObject({
      code: "no-access",
      message: expect.stringContaining("this data set"),
    });
    hub.fault = (_, response) => {
      response.statusCode = 200;
      response.end("all of it");
      return true;
    };
    await expect(questionsOf(await open())).rejects.toThrow("the server did not send bytes");
  });
});

describe("room", () => {
  test("an older data set makes room, and then what does not fit is fetched each time", async () => {
    const cache = await freshCache();
    const older = { ...set, repo: "someone/older", label: "someone/older" };
    const told: string[] = [];
    const more = { budget: 5e6, tell: (words: string) => told.push(words) };
    const old = await hubFiles(older, { http: { fetchFile: fetch, token: "" }, cache, sizes, ...more });
    await expect(old[0]!.blob.slice(0, 100).arrayBuffer()).rejects.toThrow("no such data set or file");
    expect((await listRanges(cache)).map(({ label }) => label)).toEqual(["someone/older"]);
    expect(await questionsOf(await open(cache, more))).toEqual(expected);
    expect(told).toEqual([
      "What was kept of someone/older made room for someone/pictures.",
      "There is no room to keep all that is read of someone/pictures: the rest is fetched from the hub again whenever it is read again.",
    ]);
    const [kept, ...others] = await listRanges(cache);
    expect([kept!.label, others]).toEqual(["someone/pictures", []]);
    expect(kept!.bytes).toBeLessThanOrEqual(5e6);
    const sent = hub.sent;
    expect(await questionsOf(await open(cache, more))).toEqual(expected);
    expect(hub.sent - sent).toBeLessThan(set.bytes - 3.5e6);
  });
});

test("its identity is what the hub tells, and reading for it costs nothing", async () => {
  const all = await open();
  const id = await filesIdentity(all);
  expect(hub.asked).toEqual([]);
  expect(await filesIdentity(await open())).toBe(id);
  expect(await filesIdentity(all, {}, { rows: 100 })).not.toBe(id);
  expect(await filesIdentity(all, {}, { rows: 100, of: 500 })).toBe(await filesIdentity(all, {}, { rows: 100 }));
  const changed = { ...set, files: set.files.map((file) => ({ ...file, sha256: "another" })) };
  const others = await hubFiles(changed, { http: { fetchFile: fetch, token: "" } });
  expect(await filesIdentity(others)).not.toBe(id);
});
