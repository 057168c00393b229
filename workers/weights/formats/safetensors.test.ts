import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { random } from "../../testing/gpu.ts";
import { bytesOf, type Dtype, dtypeBytes } from "./dtype.ts";
import { readHeader, readSafetensors, writeSafetensors } from "./safetensors.ts";

const fixture = new Uint8Array(
  await readFile(fileURLToPath(new URL("../hub/fixtures/peft-adapter.safetensors", import.meta.url))),
);

/** A file of this header text and so many data bytes; `length` lies about the header's length. */
function fileOf(header: string, dataBytes: number, length = new TextEncoder().encode(header).length): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, 8);
  return file;
}

const tensor = (dtype: string, shape: unknown, from: unknown, to: unknown) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const sound = { b: tensor("F32", [2, 3], 0, 24), a: tensor("F16", [4], 24, 32), empty: tensor("U8", [0, 7], 32, 32) };

test("a Git LFS pointer is named, not its header", async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d7a".repeat(16)}\nsize 135448\n`;
  await expect(readSafetensors(new TextEncoder().encode(pointer), "adapter_model.safetensors")).rejects.toMatchObject({
    code: "missing-file",
    message: expect.stringMatching(/^adapter_model.safetensors is a Git LFS pointer of/),
  });
});

test("reads names, shapes, absolute positions and metadata", async () => {
  const header = JSON.stringify({ __metadata__: { format: "pt" }, ...sound });
  const { tensors, metadata } = await readSafetensors(fileOf(header, 32));
  expect([...tensors.keys()]).toEqual(["b", "a", "empty"]);
  expect(tensors.get("a")).toEqual({ dtype: "F16", shape: [4], data: new Uint8Array(8) });
  expect([...metadata]).toEqual([["format", "pt"]]);
  const file = fileOf(header, 32);
  const infos = await readHeader(
    { size: file.length, read: async (start, end) => file.slice(start, end) },
    "x.safetensors",
  );
  const start = 8 + header.length;
  expect(infos.tensors.get("b")).toEqual({
    name: "b",
    dtype: "F32",
    shape: [2, 3],
    file: "x.safetensors",
    start,
    end: start + 24,
  });
});

test("names that objects know are names like others", async () => {
  const header = `{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}`;
  const { tensors } = await readSafetensors(fileOf(header, 2));
  expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
  expect(({} as { dtype?: string }).dtype).toBeUndefined();
});

describe("writes what the Python library writes", () => {
  test("a PEFT adapter comes back byte for byte, from any order", async () => {
    const { tensors, metadata } = await readSafetensors(fixture);
    expect(tensors.size).toBeGreaterThan(10);
    const entries = [...tensors].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data }));
    const written = writeSafetensors(entries.reverse(), Object.fromEntries(metadata));
    expect(Buffer.compare(written, fixture)).toBe(0);
  });

  test("wider dtypes come first, then names; the header is padded to 8", async () => {
    const entries = (["U8", "F16", "BF16", "F32", "I64"] as Dtype[]).flatMap((dtype) =>
      ["z", "a"].map((name) => ({
        name: `${dtype}.${name}`,
        dtype,
        shape: [3],
        data: new Uint8Array(3 * dtypeBytes[dtype]).fill(7),
      })),
    );
    const file = writeSafetensors(entries);
    const { tensors } = await readSafetensors(file);
    expect([...tensors.keys()]).toEqual(
      ["I64", "F32", "BF16", "F16", "U8"].flatMap((dtype) => [`${dtype}.a`, `${dtype}.z`]),
    );
    expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect([...tensors.values()].every(({ data }) => data.every((byte) => byte === 7))).toBe(true);
  });

  test("takes views, non-ASCII names and an empty set", async () => {
    const values = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const { tensors } = await readSafetensors(
      writeSafetensors([{ name: 'ä"\\', dtype: "F32", shape: [2], data: values }]),
    );
    expect(tensors.get('ä"\\')!.data).toEqual(bytesOf(Float32Array.of(1, 2)));
    expect(writeSafetensors([])).toEqual(fileOf("{}      ", 0));
    expect((await readSafetensors(fileOf("{}", 0))).tensors.size).toBe(0);
  });

  test("refuses data that does not fit its shape, and a name twice", () => {
    const one = { name: "a", dtype: "F32" as const, shape: [2], data: new Float32Array(2) };
    expect(() => writeSafetensors([{ ...one, shape: [3] }])).toThrow('"a" of F32 [3]');
    expect(() => writeSafetensors([one, one])).toThrow("name in use");
  });
});

const json = (header: unknown, dataBytes = 32) => fileOf(JSON.stringify(header), dataBytes);
const change = (part: object, dataBytes = 32) => json({ ...sound, ...part }, dataBytes);
const refused: [string, Uint8Array, string][] = [
  ["an empty file", new Uint8Array(), "has only 0 bytes"],
  ["a file of seven bytes", new Uint8Array(7), "has only 7 bytes"],
  ["a header of 2^64 - 1 bytes", new Uint8Array(16).fill(255), "claims a header of 18446744073709551615 bytes"],
  ["a header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125), "more than the 100000000"],
  ["a header longer than the file", fileOf("{}", 0, 3), "claims a header of 3 bytes but ends after 10"],
  ["a header of no bytes", fileOf("", 5), "does not start with {"],
  ["a web page", fileOf("<!doctype html>", 0), "does not start with {"],
  ["a byte order mark", fileOf("\ufeff{}", 0), "does not start with {"],
  ["leading space", fileOf(" {}", 0), "does not start with {"],
  ["broken JSON", fileOf('{"a":', 0), "not valid JSON"],
  ["bytes that are not UTF-8", Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0, 123, 34, 255, 34, 125), "not valid JSON"],
  ["text after the header's end", fileOf("{}x", 0), "not valid JSON"],
  ["deep nesting", fileOf(`{"a":${"[".repeat(1e5)}`, 0), "not valid JSON"],
  ["a tensor twice", fileOf(`{"a":${JSON.stringify(sound.b)},"a":${JSON.stringify(sound.b)}}`, 24), 'has "a" twice'],
  ["a tensor twice, once escaped", fileOf(`{"a":${JSON.stringify(sound.b)},"\\u0061":1}`, 24), 'has "a" twice'],
  [
    "a field twice",
    fileOf('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0),
    'has "dtype" twice',
  ],
  ["metadata that is a number", change({ __metadata__: 3 }), "not a map of strings"],
  ["metadata with a number", change({ __metadata__: { a: 3 } }), "not a map of strings"],
  ["a tensor that is null", change({ x: null }), 'tensor "x" is not described'],
  ["a tensor that is a list", change({ x: [] }), 'tensor "x" is not described'],
  ["an unknown dtype", change({ x: tensor("F33", [0], 32, 32) }), 'tensor "x" has the unknown dtype "F33"'],
  ["a dtype that objects know", change({ x: tensor("constructor", [0], 32, 32) }), "unknown dtype"],
  ["a negative size", change({ x: tensor("U8", [-1], 32, 31) }), 'tensor "x" has a shape'],
  ["a broken size", change({ x: tensor("U8", [0.5], 32, 32) }), 'tensor "x" has a shape'],
  ["a size of text", change({ x: tensor("U8", ["1"], 32, 33) }, 33), 'tensor "x" has a shape'],
  [
    "a size beyond 2^53",
    fileOf('{"x":{"dtype":"U8","shape":[1e300],"data_offsets":[0,0]}}', 0),
    'tensor "x" has a shape',
  ],
  ["no shape", change({ x: { dtype: "U8", data_offsets: [32, 32] } }), 'tensor "x" has a shape'],
  ["a product that would wrap to 0", json({ x: tensor("U8", [2 ** 32, 2 ** 32], 0, 0) }, 0), "impossible shape"],
  ["a product that would be infinite", json({ x: tensor("U8", Array(40).fill(2 ** 52), 0, 0) }, 0), "impossible shape"],
  ["three offsets", change({ x: { dtype: "U8", shape: [0], data_offsets: [32, 32, 32] } }), "no pair of data_offsets"],
  ["NaN offsets", fileOf('{"x":{"dtype":"U8","shape":[0],"data_offsets":[null,null]}}', 0), "no pair of data_offsets"],
  ["backward offsets", change({ x: tensor("U8", [0], 32, 31) }), "needs 0 bytes but data_offsets span -1"],
  [
    "a span shorter than the shape",
    change({ b: tensor("F32", [2, 4], 0, 24) }),
    "of F32 [2,4] needs 32 bytes but data_offsets span 24",
  ],
  ["overlap", change({ a: tensor("F16", [4], 20, 28) }, 28), 'tensor "a" starts at byte 20 of the data and overlaps'],
  [
    "a hole",
    change({ a: tensor("F16", [4], 26, 34) }, 34),
    'tensor "a" starts at byte 26 of the data and leaves a hole',
  ],
  ["a hole at the start", json({ a: tensor("F16", [4], 2, 10) }, 10), "leaves a hole"],
  ["a truncated file", change({}, 31), "but the file ends to byte"],
  ["bytes after the last tensor", change({}, 33), "but the file goes on to byte"],
];

test.each(refused)("refuses %s", async (_, file, message) => {
  const error = await readSafetensors(file, "model-7.safetensors").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TabTuneError);
  expect(error).toMatchObject({ code: "bad-safetensors", message: expect.stringContaining(message) });
  expect((error as TabTuneError).message).toContain("model-7.safetensors");
});

test("500 damaged headers: refused, or still whole; never more memory than the file", async () => {
  const original = writeSafetensors(
    [
      { name: "layers.0.weight", dtype: "F32", shape: [4, 3], data: new Float32Array(12) },
      { name: "layers.0.bias", dtype: "F16", shape: [4], data: new Uint16Array(4) },
      { name: "layers.1.weight", dtype: "BF16", shape: [2, 2], data: new Uint16Array(4) },
    ],
    { format: "pt" },
  );
  const next = random(7);
  const pick = (count: number) => Math.floor(next() * count);
  const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
  const digits = [...'0123456789-.eE[]{},:"\\ nul'].map((character) => character.charCodeAt(0));
  let refusals = 0;
  for (let round = 0; round < 500; round++) {
    let file = original.slice();
    for (let edits = 1 + pick(4); edits > 0; edits--) {
      const at = round % 5 === 0 ? pick(8) : 8 + pick(headerEnd - 8);
      const kind = pick(5);
      if (kind === 0) file[at] = pick(256);
      else if (kind === 1) file[at] = digits[pick(digits.length)]!;
      else if (kind === 2) file[at]! ^= 1 << pick(8);
      else if (kind === 3) file = file.slice(0, pick(file.length));
      else file.copyWithin(at, 8 + pick(headerEnd - 8), headerEnd);
    }
    let largest = 0;
    const reader = {
      size: file.length,
      read: async (start: number, end: number) => {
        largest = Math.max(largest, end - start);
        expect(end).toBeLessThanOrEqual(file.length);
        return file.slice(start, end);
      },
    };
    try {
      const { tensors } = await readHeader(reader, "m");
      const spans = [...tensors.values()].sort((a, b) => a.start - b.start);
      expect(spans.at(-1)?.end ?? file.length).toBe(file.length);
      for (const { dtype, shape, start, end } of spans) {
        expect(end - start).toBe(shape.reduce((product, size) => product * size, dtypeBytes[dtype]));
      }
    } catch (error) {
      expect(error, String(error)).toBeInstanceOf(TabTuneError);
      expect((error as TabTuneError).code).toBe("bad-safetensors");
      refusals++;
    }
    expect(largest).toBeLessThanOrEqual(file.length);
  }
  expect(refusals).toBeGreaterThan(350);
});

test("a dtype that is an object, with a toString of its own, is told", async () => {
  const header = new TextEncoder().encode('{"a":{"dtype":{"toString":1},"shape":[],"data_offsets":[0,4]},"b":{}}');
  const file = new Uint8Array(8 + header.length + 4);
  file[0] = header.length;
  file.set(header, 8);
  await expect(readSafetensors(file)).rejects.toThrow(/unknown dtype .*toString/);
});
