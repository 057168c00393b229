/**
 * One damaged file, read as a person's drop would be, and what is wrong with the answer. Damage makes other texts and other pixels of
 * texts and pixels, and that is no fault; faults are an error without a sentence, a row that nobody tells is lost, a text beside another
 * row's picture, and pixels that do not fill their picture.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { decodeImage } from "../../data/pictures/decode.ts";
import { readRows } from "../../data/rows/read-rows.ts";
import type { Row } from "../../data/rows/row.ts";
import { TabTuneError } from "../../errors.ts";
import { said } from "../rows.ts";
import { corpus, type FuzzFormat, type Sound } from "./corpus.ts";
import { damaged, type Random, randomOf } from "./mutate.ts";
import { mutateTar, mutateZip } from "./structured/archives.ts";
import { mutateLines } from "./structured/json.ts";
import { mutateParquet } from "./structured/parquet.ts";
import { mutatePicture } from "./structured/pictures.ts";
import { mutateTable } from "./structured/text.ts";

export interface Verdict {
  /** Which file of the corpus, and what was done to it. */
  file: number;
  how: string;
  /** What came of it. */
  outcome: "read as before" | "read otherwise" | "read in part" | "accepted" | "refused";
  /** Of what was refused: the code of the error. */
  code?: string;
  /** A fault, in a sentence; undefined where there is none. */
  fault?: string;
  /** Texts beside another row's picture where the bytes that say so were themselves damaged, and nothing in the format could show it. */
  moved: number;
}

interface ReadRow {
  index: number;
  text: string;
  /** Contents as text; "!" and the message of one that cannot be read. */
  pictures: string[];
}
interface Read {
  rows: ReadRow[];
  /** Everything that is told. */
  told: string[];
  skipped: number;
  refused: boolean;
  code?: string;
  fault?: string;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const wordsOf = (error: unknown): string => (error instanceof Error ? `${error.stack}` : String(error));

/** Of a reader that throws what is no sentence. */
export const thrown = (file: number, how: string, error: unknown): Verdict => ({
  ...{ file, how, outcome: "refused", moved: 0 },
  fault: `reading throws ${wordsOf(error)}`,
});

async function readRow(row: Row, read: Read): Promise<void> {
  const pictures: string[] = [];
  for (const image of row.images) {
    try {
      pictures.push(latin1(await image.bytes()));
    } catch (error) {
      if (!(error instanceof TabTuneError)) read.fault ??= `a picture throws ${wordsOf(error)}`;
      pictures.push(`!${String(error)}`);
      read.told.push(String(error));
    }
  }
  read.rows.push({ index: row.index, text: said(row), pictures });
}

async function readAll({ name, beside }: Sound, bytes: Uint8Array): Promise<Read> {
  const read: Read = { rows: [], told: [], skipped: 0, refused: false };
  const rows: Row[] = [];
  try {
    for await (const event of readRows([{ path: name, blob: new Blob([bytes as BlobPart]) }, ...beside])) {
      if (event.type === "row") rows.push(event.row);
      else if (event.type === "skipped") {
        read.skipped += event.skipped.index >= 0 ? 1 : 0;
        read.told.push(event.skipped.message);
      } else if (event.format === "note") read.told.push(event.detail);
    }
  } catch (error) {
    if (!(error instanceof TabTuneError)) read.fault = `reading throws ${wordsOf(error)}`;
    else read.code = error.code;
    read.told.push(String(error));
    read.refused = true;
  }
  for (const row of rows) await readRow(row, read);
  return read;
}

/** Sentences about more than one row. */
const LOSS =
  /\brest of\b|\bfollows?\b|rows after it are lost|ends in the middle|after the end|cannot be (read|unpacked)|because there is no question/;

const files = corpus();
const before = new Map<Sound, Promise<Read>>();

/** Whether all bytes of a row still stand in the file, and no copy of a part of them that could have become another row. */
function isWhole(bytes: Uint8Array, { stands = () => true }: Sound, pieces: readonly Uint8Array[]): boolean {
  const buffer = Buffer.from(bytes);
  return pieces.every((piece) => {
    const end = piece.subarray(-24);
    if (end.some((byte) => byte !== 0) && buffer.indexOf(end) !== buffer.lastIndexOf(end)) return false;
    let found = 0;
    for (let at = buffer.indexOf(piece); at >= 0; at = buffer.indexOf(piece, at + 1))
      found += stands(bytes, at, at + piece.length) ? 1 : 0;
    return found === 1;
  });
}

function judgeRows(
  sound: Sound,
  bytes: Uint8Array,
  was: Read,
  now: Read,
): Pick<Verdict, "outcome" | "fault" | "moved"> {
  const news = now.told.filter((words) => !was.told.includes(words));
  const same = JSON.stringify(now.rows) === JSON.stringify(was.rows);
  const outcome = now.refused
    ? "refused"
    : same
      ? "read as before"
      : news.length > 0
        ? "read in part"
        : "read otherwise";
  if (now.fault !== undefined) return { outcome, fault: now.fault, moved: 0 };
  const owners = new Map(was.rows.flatMap(({ pictures }, i) => pictures.map((picture) => [picture, i] as const)));
  const whole = was.rows.map((_, i) => sound.pieces !== undefined && isWhole(bytes, sound, sound.pieces[i]!));
  let moved = 0;
  /** Turns of the sound file, and the row that has each. */
  const speakers = new Map(was.rows.flatMap(({ text }, i) => text.split(" | ").map((turn) => [turn, i] as const)));
  for (const row of now.rows) {
    const i = was.rows.findIndex(({ text }) => text === row.text);
    const turns = row.text.split(" | ").map((turn) => speakers.get(turn));
    const isMixed = i < 0 && !turns.includes(undefined) && new Set(turns).size > 1;
    const foreign =
      i >= 0 && row.pictures.some((picture) => !was.rows[i]!.pictures.includes(picture) && owners.has(picture));
    if (!foreign && !isMixed) continue;
    // A copy of a part of it may stand in another row.
    const isThere = now.rows.some((other) => JSON.stringify({ ...other, index: i }) === JSON.stringify(was.rows[i]));
    if (whole[i] && !isThere) return { outcome, fault: `row ${i} has the picture of another row: ${row.text}`, moved };
    moved += 1;
  }
  if (now.refused) return { outcome, moved };
  if (sound.format === "parquet" && now.rows.length + now.skipped !== was.rows.length + was.skipped)
    return { outcome, fault: `${now.rows.length} rows and ${now.skipped} skipped ones of ${was.rows.length}`, moved };
  const lost = was.rows.flatMap((row, i) => (now.rows.some(({ text }) => text === row.text) ? [] : [i]));
  const lostWhole = lost.filter((i) => whole[i]).length;
  // A record of JSON that is skipped may hold what were several rows.
  const skips = (now.skipped - was.skipped) * (sound.format === "json" ? was.rows.length : 1);
  const isTold = skips >= lostWhole || news.some((words) => LOSS.test(words));
  const fewer = sound.pieces === undefined && news.length === 0 && now.rows.length < was.rows.length;
  if (!isTold || fewer)
    return { outcome, fault: `rows ${lost.join(", ")} are lost and nobody tells it (${news.join(" ")})`, moved };
  return { outcome, moved };
}

async function judgeImage(
  sound: Sound,
  bytes: Uint8Array,
): Promise<Pick<Verdict, "outcome" | "code" | "fault" | "moved">> {
  try {
    const { width, height, rgbx } = await decodeImage(bytes);
    const was = await decodeImage(sound.bytes).catch(() => undefined);
    const fault = rgbx.length === width * height ? undefined : `${width} x ${height} pixels in ${rgbx.length} words`;
    // The highest byte of a word has no meaning.
    const same =
      was?.rgbx.length === rgbx.length && rgbx.every((pixel, i) => ((pixel ^ was.rgbx[i]!) & 0xffffff) === 0);
    return { outcome: same ? "read as before" : "read otherwise", ...(fault ? { fault } : {}), moved: 0 };
  } catch (error) {
    if (error instanceof TabTuneError) return { outcome: "refused", code: error.code, moved: 0 };
    return { outcome: "refused", fault: `decoding throws ${wordsOf(error)}`, moved: 0 };
  }
}

/** What changes a file of a format in its structure; what becomes of bytes whatever they are is in mutate.ts. */
const STRUCTURED: Record<FuzzFormat, (bytes: Uint8Array, random: Random) => { bytes: Uint8Array; how: string }> = {
  parquet: mutateParquet,
  zip: mutateZip,
  tar: mutateTar,
  "tar.gz"(bytes, random) {
    const { bytes: tar, how } = mutateTar(new Uint8Array(gunzipSync(bytes)), random);
    return { bytes: new Uint8Array(gzipSync(tar)), how };
  },
  json: mutateLines,
  jsonl: mutateLines,
  csv: mutateTable,
  captions: mutateTable,
  image: mutatePicture,
};

/** The damaged file of a number and its verdict; the same on every machine. */
export async function judgeFile(format: FuzzFormat, n: number, seed: number): Promise<Verdict> {
  const { file, sound, bytes, how } = damagedFile(format, n, seed);
  if (format === "image") return { file, how, ...(await judgeImage(sound, bytes)) };
  const was = before.get(sound) ?? readAll(sound, sound.bytes);
  before.set(sound, was);
  const now = await readAll(sound, bytes);
  return { file, how, ...(now.code ? { code: now.code } : {}), ...judgeRows(sound, bytes, await was, now) };
}

/** The file of a number, and the sound one that it was made of. Two of three are changed in their structure. */
function damagedFile(format: FuzzFormat, n: number, seed: number) {
  const random = randomOf(seed * 1_000_003 + n);
  const file = random(files[format].length);
  const sound = files[format][file]!;
  const change = random(3) === 0 ? damaged : STRUCTURED[format];
  return { file, sound, ...change(sound.bytes, random) };
}
