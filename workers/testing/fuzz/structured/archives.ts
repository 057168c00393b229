/** Zips and tars whose directories lie: sizes, offsets, counts, names and kinds, with checksums that agree where a format has them. */
import { pick, type Random } from "../mutate.ts";

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const NAMES = ["../up.png", "/root.png", "a\u0000b", "", "con", "..\\x", "data.jsonl", "x/y/../../z", "\u202egnp.exe"];

/** [offset, bytes] of the numbers of zip records, by signature (APPNOTE.TXT 4.3). */
const ZIP: Record<number, [name: string, at: number, size: number][]> = {
  67324752: [
    ["flags", 6, 2],
    ["method", 8, 2],
    ["crc", 14, 4],
    ["packed size", 18, 4],
    ["size", 22, 4],
    ["name length", 26, 2],
    ["extra length", 28, 2],
  ],
  33639248: [
    ["flags", 8, 2],
    ["method", 10, 2],
    ["crc", 16, 4],
    ["packed size", 20, 4],
    ["size", 24, 4],
    ["name length", 28, 2],
    ["extra length", 30, 2],
    ["comment length", 32, 2],
    ["disk", 34, 2],
    ["offset", 42, 4],
  ],
  101010256: [
    ["entries here", 8, 2],
    ["entries", 10, 2],
    ["directory size", 12, 4],
    ["directory offset", 16, 4],
    ["comment length", 20, 2],
  ],
};

export function mutateZip(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const spots: [how: string, at: number, size: number][] = [];
  for (let at = 0; at + 4 <= out.length; at++)
    for (const [name, offset, size] of ZIP[view.getUint32(at, true)] ?? [])
      if (at + offset + size <= out.length) spots.push([name, at + offset, size]);
  // The end record and the directory are few among many entries.
  const [name, at, size] = spots[random(3) === 0 ? spots.length - 1 - random(5) : random(spots.length)]!;
  const old = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const value = random(2) === 0 ? old + [-1, 1, 2, 16, -16][random(5)]! : NUMBERS[random(NUMBERS.length)]!;
  if (size === 2) view.setUint16(at, value & 0xffff, true);
  else view.setUint32(at, value >>> 0, true);
  return { bytes: out, how: `zip: ${name}` };
}

const BLOCK = 512;
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

export function mutateTar(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const out = bytes.slice();
  const headers: number[] = [];
  for (let at = 0; at + BLOCK <= out.length && out[at] !== 0; ) {
    headers.push(at);
    const size = Number.parseInt(Buffer.from(out.subarray(at + 124, at + 135)).toString("latin1"), 8) || 0;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  const at = headers[random(headers.length)]!;
  const put = (offset: number, text: string, length = text.length): void => {
    out.fill(0, at + offset, at + offset + length);
    out.set(Buffer.from(text, "latin1").subarray(0, length), at + offset);
  };
  const size = [0, 1, 511, 512, 513, 100_000, 8 ** 11 - 1][random(7)]!;
  const moves: Record<string, () => void> = {
    size: () => put(124, octal(size, 12), 12),
    "size in base 256": () => put(124, `\x80\0\0\0${"\xff".repeat(random(9))}`, 12),
    "size that is no number": () => put(124, "-1 9zz", 12),
    kind: () => put(156, ["1", "2", "5", "L", "K", "x", "g", "S", "\0", "7"][random(10)]!, 1),
    name: () => put(0, NAMES[random(NAMES.length)]!, 100),
    prefix: () => put(345, "../".repeat(random(50)), 155),
    magic: () => put(257, "GNUtar ", 8),
    "name of another": () => out.copyWithin(at, headers[random(headers.length)]!, headers[0]! + 100),
  };
  const how = pick(random, Object.keys(moves));
  moves[how]!();
  if (random(4) > 0) {
    put(148, "        ");
    put(
      148,
      octal(
        out.subarray(at, at + BLOCK).reduce((sum, byte) => sum + byte, 0),
        7,
      ),
      7,
    );
  }
  return { bytes: out, how: `tar: ${how}` };
}
