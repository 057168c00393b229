/** 5,000 damaged safetensors files: always a sentence or a sound file, never a hang, never more memory than the file has bytes. */
import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import type { RangeReader } from "../../storage/range-reader.ts";
import { readHeader, writeSafetensors } from "./safetensors.ts";

const sound = writeSafetensors(
  [
    { name: "language_model.model.embed_tokens.weight", dtype: "F16", shape: [8, 4], data: new Uint16Array(32) },
    { name: "language_model.model.norm.weight", dtype: "F32", shape: [4], data: new Float32Array(4) },
    { name: "scalar", dtype: "I64", shape: [], data: new Uint8Array(8) },
    { name: "empty", dtype: "F32", shape: [0, 7], data: new Float32Array(0) },
  ],
  { format: "pt" },
);
const headerBytes = Number(new DataView(sound.buffer).getBigUint64(0, true));

let state = 20240506;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;

const tokens = [
  "null",
  "true",
  "-1",
  "1e999",
  "9007199254740993",
  "18446744073709551615",
  "0.5",
  '"x"',
  "[]",
  "{}",
  "[[",
  "}}",
  ",,",
  ":",
  '"__proto__"',
  '"constructor"',
  '"__metadata__"',
  '"dtype"',
  '"shape"',
  '"data_offsets"',
  '"F8_E4M3"',
  "\\u0000",
  "\u2028",
  '\\"',
];
const encoder = new TextEncoder();

/** Puts `text` in place of `count` bytes at `at` and, half the time, corrects the length that the file tells of its header. */
function splice(file: Uint8Array, at: number, count: number, text: Uint8Array): Uint8Array {
  const out = new Uint8Array(file.length - count + text.length);
  out.set(file.subarray(0, at));
  out.set(text, at);
  out.set(file.subarray(at + count), at + text.length);
  if (random(2) === 0) new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes - count + text.length), true);
  return out;
}

const inHeader = (): number => 8 + random(headerBytes);
const mutations: ((file: Uint8Array) => Uint8Array)[] = [
  function flipBits(file) {
    for (let n = 1 + random(8); n > 0; n--) file[inHeader()]! ^= 1 << random(8);
    return file;
  },
  function wrongLength(file) {
    const lengths = [
      0n,
      1n,
      BigInt(headerBytes - 1),
      BigInt(headerBytes + 1),
      BigInt(file.length),
      2n ** 40n,
      2n ** 63n,
      2n ** 64n - 1n,
    ];
    new DataView(file.buffer).setBigUint64(0, pick(lengths), true);
    return file;
  },
  (file) => file.slice(0, random(file.length)),
  (file) => splice(file, file.length, 0, new Uint8Array(1 + random(100))),
  (file) => splice(file, inHeader(), 0, encoder.encode(pick(tokens))),
  (file) => splice(file, inHeader(), random(12), encoder.encode(pick(tokens))),
  function otherNumber(file) {
    const text = new TextDecoder().decode(file.subarray(8, 8 + headerBytes));
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return file;
    const { index, 0: old } = pick(numbers);
    const value = pick(["0", "1", "-1", "4", "1e3", "4294967296", "9007199254740991", "1e308", "00", "0x10"]);
    return splice(file, 8 + index, old.length, encoder.encode(value));
  },
  function deep(file) {
    return splice(file, 9, 0, encoder.encode(pick(["[", '{"a":']).repeat(1000)));
  },
  function repeated(file) {
    const from = inHeader();
    return splice(file, from, 0, file.slice(from, Math.min(file.length, from + random(200))));
  },
];

/** Counts what is read: a reader gives arrays of exactly the size asked for, so this is what a damaged file can make us allocate. */
function measured(bytes: Uint8Array): { reader: RangeReader; taken: () => number } {
  let taken = 0;
  const reader: RangeReader = {
    size: bytes.length,
    async read(start, end) {
      if (end > bytes.length) throw new Error(`bytes ${start} to ${end} of ${bytes.length} were asked for`);
      taken += end - start;
      return bytes.slice(start, end);
    },
  };
  return { reader, taken: () => taken };
}

test("5,000 mutated headers", async () => {
  let refused = 0;
  for (let n = 0; n < 5000; n++) {
    let file: Uint8Array = sound.slice();
    for (let times = 1 + random(2); times > 0; times--) if (file.length > headerBytes) file = pick(mutations)(file);
    const { reader, taken } = measured(file);
    const began = performance.now();
    try {
      const { tensors } = await readHeader(reader, "model.safetensors");
      // What passes is a sound file: its tensors fill it, and none reaches beyond its end.
      for (const { start, end } of tensors.values()) expect(start <= end && end <= file.length).toBe(true);
    } catch (error) {
      refused += 1;
      if (!(error instanceof TabTuneError)) throw error;
      expect(error.code).toBe("bad-safetensors");
      expect(error.message).toMatch(/^model\.safetensors is not a sound safetensors file: .+\.$/s);
      expect(error.message.length).toBeLessThan(2000);
    }
    expect(taken()).toBeLessThanOrEqual(file.length);
    expect(performance.now() - began).toBeLessThan(2000);
  }
  expect(refused).toBeGreaterThan(4000);
});
