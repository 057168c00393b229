import { describe, expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import type { Example } from "../example.ts";
import { decodeExample, encodeExample } from "./codec.ts";

const small: Example = {
  row: 7,
  inputIds: Int32Array.of(1, 32000, 32000, 319, 2),
  kinds: Uint8Array.of(0, 0, 0, 1, 2),
  images: [{ height: 48, width: 64, tiles: 1, tokens: 2 }],
  pixels: Uint8Array.from({ length: 12 }, (_, i) => i * 20),
};

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof TabTuneError ? error.code : String(error);
  }
  return "no error";
}

describe("an example comes back as it was", () => {
  test.each<[string, Example, number]>([
    ["one picture", small, 24 + 16 + 10 + 2 + 12],
    ["text only", { ...small, images: [], pixels: new Uint8Array(0) }, 24 + 10 + 2],
    [
      "several pictures with tiles",
      {
        ...small,
        images: [
          { height: 1, width: 70_000, tiles: 3, tokens: 9 },
          { height: 5, width: 6, tiles: 1, tokens: 1 },
        ],
        pixels: new Uint8Array(48).fill(255),
      },
      24 + 32 + 10 + 2 + 48,
    ],
    ["ids above 16 bits", { ...small, inputIds: Int32Array.of(1, 65_536, 3, 151_655, 2) }, 24 + 16 + 20 + 2 + 12],
    ["no tokens", { ...small, inputIds: new Int32Array(0), kinds: new Uint8Array(0) }, 24 + 16 + 12],
  ])("%s, in exactly the bytes it needs", (_, example, size) => {
    const bytes = encodeExample(example);
    expect(bytes.length).toBe(size);
    expect(decodeExample(bytes)).toEqual(example);
    // From the middle of another buffer, at an odd offset, as a shard has it.
    const shard = new Uint8Array(size + 7);
    shard.set(bytes, 3);
    expect(decodeExample(shard.subarray(3, 3 + size))).toEqual(example);
  });
});

test("the layout is fixed: other versions of the app read it", () => {
  const hex = [...encodeExample(small)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  expect(hex).toBe(
    "545445580100020007000000050000000100000" +
      "00c000000300000004000000001000000020000000100007d007d3f0102004002" +
      "0014283c5064788ca0b4c8dc",
  );
});

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ["cut", (bytes) => bytes.subarray(0, bytes.length - 1)],
  ["longer", (bytes) => Uint8Array.of(...bytes, 0)],
  ["empty", () => new Uint8Array(0)],
  ["another magic", (bytes) => bytes.with(0, 0)],
  ["another version", (bytes) => bytes.with(4, 9)],
  ["three-byte ids", (bytes) => bytes.with(6, 3)],
  ["four billion tokens", (bytes) => bytes.with(15, 255)],
  ["four billion pictures", (bytes) => bytes.with(19, 255)],
  ["an unknown kind", (bytes) => bytes.with(24 + 16 + 10, 3)],
])("bytes that are %s are refused", (_, damage) => {
  expect(codeOf(() => decodeExample(damage(encodeExample(small))))).toBe("bad-dataset");
});

test.each<[string, Partial<Example>]>([
  ["kinds", { kinds: new Uint8Array(4) }],
  ["pixels", { pixels: new Uint8Array(10) }],
  ["pictures", { images: [] }],
])("an example whose %s do not fit the rest is not written", (_, part) => {
  expect(codeOf(() => encodeExample({ ...small, ...part }))).toBe("internal");
});
