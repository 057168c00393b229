/**
 * What is wrong with the rows that come of a damaged data set of boxes: an error without a
 * sentence, a box that is none, a box beside another picture than the one that it was drawn on, a thing that nobody tells is lost.
 */
import { type InputFile, readRows } from "../../data/rows/read-rows.ts";
import { messageText } from "../../data/rows/row.ts";
import { TabTuneError } from "../../errors.ts";
import { pngOfSize } from "../rows.ts";
import { all, type BoxKind, DROPS, HEIGHT, nameOf, type Thing, things, WIDTH } from "./box-drops.ts";
import { thrown, type Verdict } from "./judge.ts";
import { damaged, randomOf } from "./mutate.ts";

interface Answered {
  label: unknown;
  box: number[];
}
interface Read {
  /** Of each picture: the boxes that its rows answer with; captions and other answers have none. */
  boxes: Map<string, Answered[]>;
  answers: string[];
  told: string[];
  skipped: number;
  refused?: TabTuneError;
}

const picture = pngOfSize(WIDTH, HEIGHT);
const SWIFT = /([^,]*?) at \[([^\]]*)\]/g;

/** The boxes of an answer; undefined where it is a text. */
function boxesIn(answer: string): Answered[] | undefined {
  if (/^\[(\{"bbox_2d|\]$)/.test(answer))
    return (JSON.parse(answer) as { bbox_2d: number[]; label: unknown }[]).map(({ bbox_2d, label }) => ({
      box: bbox_2d,
      label,
    }));
  const found = [...answer.matchAll(SWIFT)];
  return found.length === 0
    ? undefined
    : found.map(([, label, numbers]) => ({ label: label!.trim() || undefined, box: numbers!.split(", ").map(Number) }));
}

async function read(files: readonly { path: string; bytes: Uint8Array }[]): Promise<Read> {
  const out: Read = { boxes: new Map(), answers: [], told: [], skipped: 0 };
  const inputs: InputFile[] = [
    ...files.map(({ path, bytes }) => ({ path, blob: new Blob([bytes as BlobPart]) })),
    ...all.map((n) => ({ path: nameOf(n), blob: new Blob([picture as BlobPart]) })),
  ];
  try {
    for await (const event of readRows(inputs)) {
      if (event.type === "skipped") {
        out.skipped += 1;
        out.told.push(event.skipped.message);
      } else if (event.type === "row") {
        const answer = messageText(event.row.messages.at(-1)!);
        out.answers.push(answer);
        const path = event.row.images.map((image) => image.path).join(", ");
        out.boxes.set(path, [...(out.boxes.get(path) ?? []), ...(boxesIn(answer) ?? [])]);
      } else if (event.format === "note") out.told.push(event.detail);
    }
  } catch (error) {
    if (!(error instanceof TabTuneError)) throw error;
    out.refused = error;
    out.told.push(error.message);
  }
  return out;
}

const SAID = "0.123456789".length;
const isBox = ({ box, label }: Answered): boolean =>
  box.length === 4 &&
  box.every((value) => value >= 0 && value <= 1 && String(value).length < SAID) &&
  box[2]! > box[0]! &&
  box[3]! > box[1]! &&
  (label === undefined || (typeof label === "string" && label.trim() !== ""));

/** Whether an answer has the box of a thing: three decimals are written. */
const isOf = ({ box }: Answered, { corners: [a, b, c, d] }: Thing): boolean =>
  [a / WIDTH, b / HEIGHT, c / WIDTH, d / HEIGHT].every((share, i) => Math.abs(box[i]! - share) < 0.0011);

/** Things that sentences count as left out, skipped or read otherwise. */
function toldOf(news: readonly string[]): number {
  const counts = news.map((words) =>
    Number(/(?:^|: )(\d+) (?:object|annotation|box|row|record|class|label|file|text)/.exec(words)?.[1] ?? 0),
  );
  return counts.reduce((sum, n) => sum + n, 0);
}

/** Whether a file has a line, and has it once. */
const standsOnceIn =
  (texts: ReadonlyMap<string, string>) =>
  ([path, line]: [string, string]): boolean =>
    line === "" ||
    texts
      .get(path)!
      .split("\n")
      .filter((one) => one.trim().replace(/,$/, "") === line.trim()).length === 1;

function faultOf(kind: BoxKind, texts: ReadonlyMap<string, string>, was: Read, now: Read): string | undefined {
  const bad = [...now.boxes.values()].flat().find((one) => !isBox(one));
  if (bad) return `no box: ${JSON.stringify(bad)}`;
  const nonsense = now.told.find(
    (words) =>
      /undefined|\[object |\bNaN\b/.test(words) && ![...texts.values()].some((text) => /undefined|\bNaN\b/i.test(text)),
  );
  if (nonsense) return `said to a person: ${nonsense}`;
  if (now.refused) return undefined;
  const news = now.told.filter((words) => !was.told.includes(words));
  const standsOnce = standsOnceIn(texts);
  let lost = 0;
  for (const thing of things) {
    if (!DROPS[kind].linesOf(thing).every(standsOnce)) continue;
    const own = nameOf(thing.picture);
    const there = now.boxes.get(own)?.find((one) => isOf(one, thing));
    if (!there) lost += 1;
    else if (there.label !== thing.label) return `a ${thing.label} is called ${String(there.label)}`;
    for (const [path, boxes] of now.boxes) {
      const copies = [...texts.values()].join("").split(DROPS[kind].markOf(thing)).length - 1;
      if (path !== own && copies === 1 && boxes.some((one) => isOf(one, thing)))
        return `the ${thing.label} of ${own} stands on ${path}`;
    }
  }
  if (lost > 0 && now.skipped - was.skipped + toldOf(news) === 0)
    return `${lost} things are lost and nobody tells it (${news.join(" ")})`;
  return undefined;
}

const before = new Map<BoxKind, Promise<Read>>();
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of a sound drop: how many of its things stand on their pictures with their names, and are known by their lines and their mark. */
export async function soundThings(kind: BoxKind): Promise<number> {
  const { files, linesOf, markOf } = DROPS[kind];
  const { boxes } = await read(files.map(({ path, text }) => ({ path, bytes: encode(text) })));
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const all = [...texts.values()].join("");
  return things.filter(
    (thing) =>
      boxes.get(nameOf(thing.picture))?.some((one) => isOf(one, thing) && one.label === thing.label) &&
      linesOf(thing).every(standsOnceIn(texts)) &&
      all.split(markOf(thing)).length === 2,
  ).length;
}
export const THINGS = things.length;

/** The damaged drop of a number and its verdict; the same on every machine. One file of it is damaged. */
export async function judgeBoxes(kind: BoxKind, n: number, seed: number): Promise<Verdict> {
  const random = randomOf(seed * 1_000_003 + n);
  const { files } = DROPS[kind];
  const sound = files.map(({ path, text }) => ({ path, bytes: encode(text) }));
  const file = random(files.length);
  const change = [damaged, files[file]!.mutate, files[file]!.mutate, files[file]!.mutate][random(4)]!;
  const { bytes, how } = change(sound[file]!.bytes, random);
  const was = before.get(kind) ?? read(sound);
  before.set(kind, was);
  try {
    const drop = sound.map((one, i) => (i === file ? { ...one, bytes } : one));
    const now = await read(drop);
    const texts = new Map(drop.map((one) => [one.path, new TextDecoder().decode(one.bytes)]));
    const fault = faultOf(kind, texts, await was, now);
    const same = JSON.stringify(now.answers) === JSON.stringify((await was).answers);
    const outcome = now.refused ? "refused" : same ? "read as before" : "read otherwise";
    const code = now.refused ? { code: now.refused.code } : {};
    return { file, how, outcome, moved: 0, ...code, ...(fault ? { fault } : {}) };
  } catch (error) {
    return thrown(file, how, error);
  }
}
