import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { FileCache } from "../../storage/file-cache.ts";
import { openFsCache } from "../../storage/fs-cache.ts";
import { withHash } from "../../storage/hashed-file.ts";
import { storageFull } from "../../storage/store.ts";
import { randomArray } from "../../testing/gpu.ts";
import { bytesOf, f32ToF16, roundToF16 } from "../formats/dtype.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { type Checkpoint, openCheckpoint } from "../hub/model-files.ts";
import { filesFromBlobs } from "../hub/source.ts";
import { doubleDequantise, doubleQuantise } from "../nf4/double-quant.ts";
import { quantise } from "../nf4/nf4.ts";
import { type LoadedTensor, loadOrQuantise, type PlanEntry, type QuantiseProgress } from "./quantised-cache.ts";

const scratch = await mkdtemp(join(tmpdir(), "tabtune-quant-"));
afterAll(() => rm(scratch, { recursive: true }));
let serial = 0;
async function freshCache(): Promise<{ cache: FileCache; directory: string }> {
  const directory = join(scratch, String(serial++));
  return { cache: await openFsCache(directory), directory };
}

const q = randomArray(64 * 128, 1);
const k = randomArray(32 * 128, 2);
const norm = randomArray(128, 3);
function checkpoint(changes: { q?: Float32Array; label?: string } = {}): Promise<Checkpoint> {
  const bytes = writeSafetensors([
    { name: "q", dtype: "F32", shape: [64, 128], data: changes.q ?? q },
    { name: "k", dtype: "F16", shape: [32, 128], data: f32ToF16(k) },
    { name: "norm", dtype: "F32", shape: [128], data: norm },
    { name: "ids", dtype: "I64", shape: [1], data: new Uint8Array(8) },
  ]);
  const path = `${changes.label ?? "llava"}/model.safetensors`;
  return openCheckpoint(filesFromBlobs([{ path, blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) }]));
}
const fourBit = { how: "nf4", blockSize: 64, roundToF16First: true, doubleQuant: false } as const;
const plan: PlanEntry[] = [
  { name: "q", ...fourBit },
  { name: "norm", how: "keep" },
  { name: "k", ...fourBit },
];

/** Everything a load yields, its outcome and its progress. */
async function load(source: Checkpoint, entries: PlanEntry[], cache?: FileCache) {
  const progress: QuantiseProgress[] = [];
  const generator = loadOrQuantise(source, entries, cache, (event) => progress.push(event));
  const tensors: LoadedTensor[] = [];
  for (;;) {
    const { done, value } = await generator.next();
    if (done) return { tensors, outcome: value, progress };
    tensors.push(value);
  }
}

// In the order of the file: the writer sorts by dtype, then by name.
const expected = [
  { name: "norm", shape: [128], kind: "dense", dtype: "F32", bytes: bytesOf(norm) },
  {
    name: "q",
    shape: [64, 128],
    kind: "4bit",
    ...quantise(roundToF16(q), { type: "nf4", blockSize: 64, roundToF16First: false }),
  },
  {
    name: "k",
    shape: [32, 128],
    kind: "4bit",
    ...quantise(roundToF16(k), { type: "nf4", blockSize: 64, roundToF16First: false }),
  },
];

test("without a cache", async () => {
  const { tensors, outcome, progress } = await load(await checkpoint(), plan);
  expect(tensors).toEqual(expected);
  expect(outcome).toEqual({ cache: "off" });
  const total = 64 * 128 * 4 + 128 * 4 + 32 * 128 * 2;
  expect(progress.map(({ phase, name, bytes }) => `${phase} ${name} ${bytes}`)).toEqual([
    "reading norm 0",
    "reading q 0",
    "reading norm 512",
    "reading k 512",
    "quantising q 512",
    "quantising q 33280",
    "quantising k 33280",
    `quantising k ${total}`,
  ]);
  expect(progress.every((event) => event.total === total)).toBe(true);
});

test("the second load comes from the cache, equal in every bit, and reads none of the quantised tensors", async () => {
  const { cache } = await freshCache();
  expect((await load(await checkpoint(), plan, cache)).outcome).toEqual({ cache: "stored" });
  const source = await checkpoint();
  const read: string[] = [];
  const { tensors, outcome, progress } = await load(
    {
      ...source,
      readPart: (name, start, end) => {
        // A sample tells checkpoints apart; a read begins at the beginning.
        if (start === 0) read.push(name);
        return source.readPart(name, start, end);
      },
    },
    plan,
    cache,
  );
  expect(outcome).toEqual({ cache: "hit" });
  expect(tensors).toEqual(expected);
  expect(read).toEqual(["norm"]);
  expect(progress.map(({ phase }) => phase)).toEqual(["reading", "reading", "cache", "cache"]);
});

test("a dense tensor may be rounded to f16, and is then kept", async () => {
  const { cache } = await freshCache();
  const entries: PlanEntry[] = [{ name: "norm", how: "f16" }];
  const rounded = { name: "norm", shape: [128], kind: "dense", dtype: "F16", bytes: bytesOf(f32ToF16(norm)) };
  expect(await load(await checkpoint(), entries, cache)).toMatchObject({
    tensors: [rounded],
    outcome: { cache: "stored" },
  });
  expect(await load(await checkpoint(), entries, cache)).toMatchObject({
    tensors: [rounded],
    outcome: { cache: "hit" },
  });
});

test("double quantisation changes absmax only", async () => {
  const { tensors } = await load(await checkpoint(), [{ name: "q", ...fourBit, doubleQuant: true }]);
  const { codes, absmax } = expected[1] as { codes: Uint8Array; absmax: Float32Array };
  expect(tensors[0]).toMatchObject({ codes, absmax: doubleDequantise(doubleQuantise(absmax)) });
});

describe("another file for", () => {
  const changed = q.slice();
  changed[q.length / 2] = 0.5;
  test.each<[string, () => Promise<Checkpoint>, PlanEntry[]]>([
    ["other weights of the same shapes", () => checkpoint({ q: changed }), plan],
    ["another model folder", () => checkpoint({ label: "other" }), plan],
    ["another type", checkpoint, [{ name: "q", ...fourBit, how: "fp4" }]],
    ["another block size", checkpoint, [{ name: "q", ...fourBit, blockSize: 128 }]],
    ["no rounding", checkpoint, [{ name: "q", ...fourBit, roundToF16First: false }]],
    ["double quantisation", checkpoint, [{ name: "q", ...fourBit, doubleQuant: true }]],
    ["fewer tensors", checkpoint, plan.slice(0, 2)],
  ])("%s", async (_, source, entries) => {
    const { cache } = await freshCache();
    await load(await checkpoint(), plan, cache);
    const fresh = await load(await source(), entries);
    const stored = await load(await source(), entries, cache);
    expect(stored.outcome).toEqual({ cache: "stored" });
    expect(stored.tensors).toEqual(fresh.tensors);
    expect(new Set((await cache.list()).map((file) => file.name.split("/")[0])).size).toBe(2);
  });
});

describe("a damaged tensor is made anew and told", () => {
  test.each<[string, string, (bytes: Uint8Array) => Uint8Array]>([
    ["a flipped bit in the codes", "q", (bytes) => flip(bytes, 2000)],
    ["a flipped bit in the absmax", "k", (bytes) => flip(bytes, 10)],
    ["a flipped bit in the hash", "q", (bytes) => flip(bytes, bytes.length - 9)],
    ["a cut", "k", (bytes) => bytes.slice(0, -1)],
    ["nothing left", "q", () => new Uint8Array()],
  ])("%s", async (_, tensor, damage) => {
    const { cache, directory } = await freshCache();
    await load(await checkpoint(), plan, cache);
    const size = tensor === "q" ? 64 * 128 : 32 * 128;
    const file = await fileOfSize(directory, size / 2 + size / 16 + 64);
    const sound = new Uint8Array(await readFile(file));
    await writeFile(file, damage(sound.slice()));
    const { tensors, outcome } = await load(await checkpoint(), plan, cache);
    expect(tensors).toEqual(expected);
    const reason = `The cached weights were made anew: ${tensor} in it is damaged.`;
    expect(outcome).toEqual({ cache: "rebuilt", reason });
    expect(new Uint8Array(await readFile(file))).toEqual(sound);
    expect((await load(await checkpoint(), plan, cache)).outcome).toEqual({ cache: "hit" });
  });

  function flip(bytes: Uint8Array, at: number): Uint8Array {
    bytes[at]! ^= 4;
    return bytes;
  }

  async function fileOfSize(directory: string, bytes: number): Promise<string> {
    for (const name of await readdir(directory)) {
      if ((await stat(join(directory, name))).size === bytes) return join(directory, name);
    }
    throw new Error(`no file of ${bytes} bytes`);
  }
});

test("a full disk costs the cache, not the load", async () => {
  const { cache } = await freshCache();
  const full: FileCache = {
    ...cache,
    async create(name) {
      const writer = await cache.create(name);
      let writes = 0;
      return {
        ...writer,
        async write(bytes) {
          if (++writes === 3) throw storageFull("it", undefined);
          await writer.write(bytes);
        },
      };
    },
  };
  const { tensors, outcome } = await load(await checkpoint(), plan, full);
  expect(tensors).toEqual(expected);
  expect(outcome).toEqual({ cache: "not-stored", reason: "there is no room left for them." });
  expect((await cache.list()).map((file) => file.name.split("/")[1])).toEqual(["about"]);
});

test("a load given up half way goes on where it stopped", async () => {
  const { cache } = await freshCache();
  for await (const tensor of loadOrQuantise(await checkpoint(), plan, cache)) {
    if (tensor.name === "q") break;
  }
  const { tensors, outcome, progress } = await load(await checkpoint(), plan, cache);
  expect(tensors).toEqual(expected);
  expect(outcome).toEqual({ cache: "stored" });
  expect(progress.map(({ phase, name }) => `${phase} ${name}`)).toContain("cache q");
});

test.each([
  ["nothing", "missing-tensor", 'The tensor "nothing" is not in llava.'],
  ["ids", "bad-tensor", "ids cannot be quantised. A tensor holds I64 values"],
])("the tensor %s is refused as %s", async (name, code, message) => {
  const { cache, directory } = await freshCache();
  await expect(load(await checkpoint(), [{ name, ...fourBit }], cache)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
  expect(await readdir(directory)).toEqual([]);
});

/** Beyond two pieces of 32 MiB. */
describe("a large table that stays as it is comes in pieces", () => {
  const rows = 66;
  const table = Uint8Array.from({ length: rows * 2 ** 20 }, (_, i) => (i * 0x9e3779b1) >>> 24);
  const entries: PlanEntry[] = [
    { name: "norm", how: "keep" },
    { name: "table", how: "keep" },
  ];
  const opened = async (): Promise<Checkpoint> => {
    const bytes = writeSafetensors([
      { name: "table", dtype: "BF16", shape: [rows, 2 ** 19], data: table },
      { name: "norm", dtype: "F32", shape: [128], data: norm },
    ]);
    const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    const source = await openCheckpoint(filesFromBlobs([{ path: "llava/model.safetensors", blob }]));
    // From a hub, whose files are kept.
    return { ...source, versionOf: () => "one" };
  };
  /** What lies in the table once all pieces were laid where they say, and where each began. */
  const laid = (tensors: LoadedTensor[]) => {
    const whole = new Uint8Array(table.length);
    const begins: number[] = [];
    for (const tensor of tensors) {
      if (tensor.name !== "table" || tensor.kind !== "dense") continue;
      expect(tensor.bytes.length).toBeLessThanOrEqual(2 ** 25);
      whole.set(tensor.bytes, tensor.at);
      begins.push(tensor.at!);
    }
    return { begins, same: Buffer.compare(whole, table) === 0 };
  };
  const once = [0, 2 ** 25, 2 ** 26];
  const fileOfTable = async (directory: string): Promise<string> => {
    for (const name of await readdir(directory)) {
      if ((await stat(join(directory, name))).size === table.length + 64) return join(directory, name);
    }
    throw new Error("the table is not there");
  };

  test("from the checkpoint, and from the cache, which has it as one file", async () => {
    const { cache, directory } = await freshCache();
    const first = await load(await opened(), entries, cache);
    expect(first.outcome).toEqual({ cache: "stored" });
    expect(laid(first.tensors)).toEqual({ begins: once, same: true });
    const { total } = first.progress.at(-1)!;
    expect(first.progress.at(-1)!.bytes).toBe(total);
    const file = new Uint8Array(await readFile(await fileOfTable(directory)));
    expect(Buffer.compare(file, await withHash(table))).toBe(0);
    const second = await load(await opened(), entries, cache);
    expect(second.outcome).toEqual({ cache: "hit" });
    expect(laid(second.tensors)).toEqual({ begins: once, same: true });
    expect(second.progress.at(-1)).toMatchObject({ phase: "cache", bytes: total });
  });

  test("a damaged file is found at its end: the pieces come once more, and it is made anew", async () => {
    const { cache, directory } = await freshCache();
    await load(await opened(), entries, cache);
    const file = await fileOfTable(directory);
    const bytes = new Uint8Array(await readFile(file));
    bytes[2 ** 25 + 7]! ^= 1;
    await writeFile(file, bytes);
    const again = await load(await opened(), entries, cache);
    const reason = "The cached weights were made anew: table in it is damaged.";
    expect(again.outcome).toEqual({ cache: "rebuilt", reason });
    expect(laid(again.tensors)).toEqual({ begins: [...once, ...once], same: true });
    expect((await load(await opened(), entries, cache)).outcome).toEqual({ cache: "hit" });
  });

  test("given up half way it leaves nothing, on a full disk it costs the cache", async () => {
    const { cache, directory } = await freshCache();
    for await (const tensor of loadOrQuantise(await opened(), entries, cache)) {
      if (tensor.name === "table") break;
    }
    await expect(fileOfTable(directory)).rejects.toThrow();
    expect((await readdir(directory)).filter((name) => name.endsWith(".part"))).toEqual([]);
    const full: FileCache = {
      ...cache,
      create: async (name) => {
        const writer = await cache.create(name);
        const write = async (bytes: Uint8Array): Promise<void> => {
          if (bytes.length === 2 ** 25) throw storageFull("it", undefined);
          await writer.write(bytes);
        };
        return { ...writer, write };
      },
    };
    const { tensors, outcome } = await load(await opened(), entries, full);
    expect(laid(tensors)).toEqual({ begins: once, same: true });
    expect(outcome).toEqual({ cache: "not-stored", reason: "there is no room left for them." });
    expect((await readdir(directory)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});
