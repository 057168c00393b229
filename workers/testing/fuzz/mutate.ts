/** Damage of a seed: what disks, networks, editors and ill will do to a file. */
export type Random = (below: number) => number;

/** Numbers of a seed; the same on every machine. */
export function randomOf(seed: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One of several; a draw. */
export const pick = <T>(random: Random, all: readonly T[]): T => all[random(all.length)]!;

/** One of the moves by its name, made. */
export function oneMove(moves: Record<string, () => Uint8Array>, random: Random): { bytes: Uint8Array; how: string } {
  const how = pick(random, Object.keys(moves));
  return { bytes: moves[how]!(), how };
}

const WORDS = [
  '"',
  "\n",
  ",",
  "{",
  "}",
  "[",
  "]",
  "\\",
  "\u0000",
  "null",
  "1e999",
  '{"a":'.repeat(500),
  "[".repeat(3000),
  "<image>",
  "\ufeff",
  "\r\n",
  "\t",
  '""',
  "-1",
];

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

type Damage = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Ends of files hold directories and footers, starts hold headers: a quarter of all damage each. */
function placeIn(bytes: Uint8Array, random: Random): number {
  const quarter = Math.max(1, bytes.length >> 2);
  return [random(bytes.length), random(bytes.length), bytes.length - 1 - random(quarter), random(quarter)][random(4)]!;
}

function rangeIn(bytes: Uint8Array, random: Random): [number, number] {
  const start = placeIn(bytes, random);
  const most = [8, 64, 512, 4096][random(4)]!;
  return [start, Math.min(bytes.length, start + 1 + random(most))];
}

export const DAMAGES: Record<string, Damage> = {
  "flipped bits"(bytes, random) {
    const out = bytes.slice();
    const at = placeIn(bytes, random);
    for (let n = [1, 1, 2, 8][random(4)]!; n > 0; n--)
      out[Math.min(out.length - 1, at + random(16))]! ^= 1 << random(8);
    return out;
  },
  "cut off": (bytes, random) => bytes.slice(0, random(bytes.length)),
  "start missing": (bytes, random) => bytes.slice(1 + random(bytes.length - 1)),
  "range removed"(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  },
  "range repeated"(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    return joined(bytes.subarray(0, end), bytes.subarray(start));
  },
  "piece from elsewhere"(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    const to = random(bytes.length);
    const from = random(2) === 0 ? to : Math.min(bytes.length, to + end - start);
    return joined(bytes.subarray(0, to), bytes.subarray(start, end), bytes.subarray(from));
  },
  "run of zeros"(bytes, random) {
    const [start, end] = rangeIn(bytes, random);
    return bytes.slice().fill(random(4) === 0 ? 255 : 0, start, end);
  },
  "other number"(bytes, random) {
    const out = bytes.slice();
    const size = [1, 2, 4, 8][random(4)]!;
    const value = [
      0n,
      1n,
      0x7fn,
      0x80n,
      0xffn,
      0x7fffffffn,
      0x80000000n,
      0xffffffffn,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
    ][random(11)]!;
    const at = Math.min(placeIn(bytes, random), bytes.length - size);
    const turned = random(2) === 0;
    for (let i = 0; i < size; i++) out[at + (turned ? size - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 0xffn);
    return out;
  },
  "words in between"(bytes, random) {
    const at = placeIn(bytes, random);
    return joined(
      bytes.subarray(0, at),
      new TextEncoder().encode(WORDS[random(WORDS.length)]),
      bytes.subarray(at + random(3)),
    );
  },
};

/** Damaged bytes, once or twice, and the words for what was done. */
export function damaged(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const names = Object.keys(DAMAGES);
  const done: string[] = [];
  let out = bytes;
  for (let times = random(5) === 0 ? 2 : 1; times > 0 && out.length > 16; times--) {
    const name = names[random(names.length)]!;
    out = DAMAGES[name]!(out, random);
    done.push(name);
  }
  return { bytes: out, how: done.join(", ") };
}
