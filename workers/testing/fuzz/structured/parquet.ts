/** Parquet whose footer or page headers lie: one number of the Thrift compact protocol changed, and the footer's length corrected. */
import type { Random } from "../mutate.ts";

interface Spot {
  start: number;
  end: number;
  what: "number" | "length" | "count";
}

/** Every number, length and count of the Thrift struct at `at` (compact protocol), and where it ends. */
function thriftSpots(bytes: Uint8Array, at: number): { spots: Spot[]; end: number } {
  const spots: Spot[] = [];
  const varint = (what?: Spot["what"]): number => {
    const start = at;
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the struct ends");
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    if (what) spots.push({ start, end: at, what });
    return value;
  };
  const value = (type: number): void => {
    if (type === 3) at += 1;
    else if (type >= 4 && type <= 6) varint("number");
    else if (type === 7) at += 8;
    else if (type === 8) at += varint("length");
    else if (type === 9 || type === 10) {
      const head = bytes[at++]!;
      if (head >> 4 !== 15) spots.push({ start: at - 1, end: at, what: "count" });
      const count = head >> 4 === 15 ? varint("count") : head >> 4;
      // In a list a truth value takes a byte, in a struct none.
      if ((head & 15) < 3) at += count;
      else for (let i = 0; i < count; i++) value(head & 15);
    } else if (type === 12) struct();
  };
  const struct = (): void => {
    for (let head = bytes[at++]; head !== undefined && head !== 0; head = bytes[at++]) {
      if (head >> 4 === 0) varint();
      value(head & 15);
    }
  };
  struct();
  return { spots, end: at };
}

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  127n,
  255n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

function varintOf(value: bigint): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const more = rest > 127n;
    out.push(Number(rest & 127n) | (more ? 128 : 0));
    if (!more) return Uint8Array.from(out);
  }
}

const oldValue = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 127), 0n);

export function mutateParquet(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footer = bytes.length - 8 - view.getUint32(bytes.length - 8, true);
  // The first page's header stands behind the magic.
  const inPage = random(3) === 0;
  const { spots } = thriftSpots(bytes, inPage ? 4 : footer);
  const { start, end, what } = spots[random(spots.length)]!;
  const old = oldValue(bytes.subarray(start, end));
  const value = random(2) === 0 ? BigInt.asUintN(64, old + BigInt(random(9) - 4)) : NUMBERS[random(NUMBERS.length)]!;
  const isHead = what === "count" && end === start + 1 && (bytes[start]! & 0x80) === 0 && random(2) === 0;
  const put = isHead ? Uint8Array.of((random(16) << 4) | (bytes[start]! & 15)) : varintOf(value);
  // In a page header bytes may not move: what does not fit there is cut to fit.
  const fitted = inPage ? inBytes(put, end - start) : put;
  const out = new Uint8Array(Buffer.concat([bytes.subarray(0, start), fitted, bytes.subarray(end)]));
  const length = new DataView(out.buffer);
  if (!inPage) length.setUint32(out.length - 8, out.length - 8 - footer, true);
  return { bytes: out, how: `parquet: a ${what} of the ${inPage ? "first page" : "footer"}` };
}

/** A varint of so many bytes; larger ones keep their low bits. */
function inBytes(varint: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(128);
  for (let i = 0; i < length; i++) out[i]! |= (varint[i] ?? 0) & 127;
  out[length - 1]! &= 127;
  return out;
}
