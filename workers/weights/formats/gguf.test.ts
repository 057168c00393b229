import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readGguf } from "../../testing/read-gguf.ts";
import { fitsQ8, type GgufTensor, ggufBytes, ggufData, ggufHeader, padded } from "./gguf.ts";
import { quantiseQ8 } from "./q8-0.ts";

test("Q8_0 blocks are those of gguf's Python, byte for byte", () => {
  const json = JSON.parse(readFileSync(new URL("./fixtures/q8-0.json", import.meta.url), "utf8"));
  const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
  const values = new Float32Array(bytes(json.values).buffer);
  expect(values.length).toBe(24 * 32);
  expect(quantiseQ8(values)).toEqual(bytes(json.blocks));
});

test("rows that are no whole blocks cannot be Q8_0", () => {
  expect([fitsQ8([5, 64]), fitsQ8([64, 48])]).toEqual([true, false]);
});

test("fields of every type and tensors come back from a file's bytes", () => {
  const fields = {
    number: { u32: 4_000_000_000 },
    share: { f32: 0.5 },
    yes: { bool: true },
    no: { bool: false },
    words: { text: "▁ä\n" },
    some: { f32s: [1.5, -2] },
    many: { i32s: [-1, 2, 3] },
    texts: { texts: ["", "x y", "🦈"] },
  };
  const tensors: GgufTensor[] = [
    { name: "a", shape: [2, 3], type: "F32" },
    { name: "b", shape: [5], type: "F16" },
    { name: "c", shape: [2, 32], type: "Q8_0" },
  ];
  const data = tensors.map(({ shape, type }) =>
    ggufData(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i - 2),
      type,
    ),
  );
  const header = ggufHeader(fields, tensors);
  expect(header.length % 32).toBe(0);
  const parts = [header, ...data.flatMap((d) => [d, new Uint8Array(padded(d.length) - d.length)])];
  const read = readGguf(Uint8Array.from(parts.flatMap((part) => [...part])));
  expect(read.version).toBe(3);
  expect(read.fields).toEqual(
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Object.values(value)[0]])),
  );
  expect([...read.tensors].map(([name, { shape, type, bytes }]) => [name, shape, type, bytes])).toEqual([
    ["a", [2, 3], 0, data[0]],
    ["b", [5], 1, data[1]],
    ["c", [2, 32], 8, data[2]],
  ]);
  expect(tensors.map(ggufBytes)).toEqual(data.map((d) => d.length));
});

test("a header of many tokens grows with them", () => {
  const tokens = Array.from({ length: 20_000 }, (_, i) => `token ${i}`);
  expect(readGguf(ggufHeader({ tokens: { texts: tokens } }, [])).fields.tokens).toEqual(tokens);
});
