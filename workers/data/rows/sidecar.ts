/**
 * Pictures with files of their own that say what is on them: `a.jpg` + `a.txt` / `.caption` / `.cap` (kohya), WebDataset
 * (`a.jpg` + `a.txt` / `a.json` in a tar), and boxes: `a.txt` of YOLO, `a.xml` of Pascal VOC. Which belong together: sample-keys.ts.
 */

import { listed } from "../../words.ts";
import type { ClassNames } from "../boxes/found.ts";
import { vocRecord } from "../boxes/voc.ts";
import { isNumbers, isYolo, yoloRecord } from "../boxes/yolo.ts";
import { collect, decodeText, withoutBom } from "./bytes.ts";
import { type Entry, extensionOf } from "./entry.ts";
import type { DatasetLimits } from "./limits.ts";
import { excerptOf, RowProblem, wordsOf } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import type { Remark } from "./remarks.ts";
import { isRecord, keyText } from "./values.ts";

/** Also kinds that are not read: their rows are told what to do with them. */
export const PICTURE_EXTENSIONS = [
  "jpg",
  "jpeg",
  "jfif",
  "png",
  "webp",
  "gif",
  "bmp",
  "avif",
  "heic",
  "heif",
  "tif",
  "tiff",
];
export const TEXT_EXTENSIONS = ["txt", "caption", "cap"];

/** By its name, as pictures are named; whether it can be decoded shows when it is read. */
export const isPictureName = (path: string): boolean => PICTURE_EXTENSIONS.includes(extensionOf(path));
export const isPicture = (entry: Entry) => isPictureName(entry.path);
export const isCaption = (entry: Entry) => TEXT_EXTENSIONS.includes(extensionOf(entry.path));

/** A text that may belong to a picture. */
export const isSampleText = (entry: Entry) => isCaption(entry) || ["json", "xml"].includes(extensionOf(entry.path));

interface Sample {
  pictures: Entry[];
  captions: Entry[];
  json?: Entry;
  xml?: Entry;
}

/**
 * One record for each sample with a picture, in the order of the pictures in `entries`. Captions are kept as they are
 * but for the line end that closes a text file; `toAnswer`, a picture needs no text. `classes`: where a file names the classes of boxes, an
 * empty text is one without any. `parse` reads the texts; it throws RowProblems "missing-text",
 * "bad-text", "bad-json", "too-long-line", "broken-part".
 */
export function* sidecarRecords(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
  limits: DatasetLimits,
  toAnswer = false,
  classes: ClassNames = undefined,
): Generator<ReadRecord> {
  const samples = new Map<string, Sample>();
  for (const entry of entries) {
    if (!isPicture(entry) && !isSampleText(entry)) continue;
    const key = keyOf(entry);
    const sample = samples.get(key) ?? { pictures: [], captions: [] };
    samples.set(key, sample);
    if (isPicture(entry)) sample.pictures.push(entry);
    else if (isCaption(entry)) sample.captions.push(entry);
    else if (extensionOf(entry.path) === "xml") sample.xml ??= entry;
    else sample.json ??= entry;
  }
  for (const { pictures, captions, json, xml } of samples.values()) {
    const [first] = pictures;
    if (first === undefined) continue;
    const [caption, ...others] = captions;
    const remarks: [Remark, string][] = [];
    if (caption && others.length > 0) {
      remarks.push(["several-texts", `${caption.path} is read, not ${listed(others.map(({ path }) => path))}`]);
    }
    if (pictures.length > 1) remarks.push(["several-pictures", listed(pictures.map(({ path }) => path))]);
    const names = [...pictures, caption, json, xml].flatMap((entry) => entry?.path ?? []);
    yield {
      place: "",
      file: first.path,
      excerpt: () => excerptOf(names.join(", ")),
      remarks,
      async parse() {
        const record = await readSample({ pictures, caption, json, xml }, limits, toAnswer, classes);
        if (caption && /\S\s*\n\s*\S/.test(keyText(record.text) ?? "")) remarks.push(["several-lines", caption.path]);
        return record;
      },
    };
  }
}

/** One record for each picture: its class is the answer. */
export function* classRecords(
  pictures: readonly Entry[],
  classOf: (picture: Entry) => string | undefined,
): Generator<ReadRecord> {
  for (const picture of pictures) {
    const parse = () => ({ images: [picture.path], text: classOf(picture) });
    yield { place: "", excerpt: () => excerptOf(picture.path), parse, file: picture.path };
  }
}

async function readSample(
  { pictures, caption, json, xml }: { pictures: Entry[] } & Record<"caption" | "json" | "xml", Entry | undefined>,
  limits: DatasetLimits,
  toAnswer: boolean,
  classes: ClassNames,
): Promise<Record<string, unknown>> {
  const read = async (entry: Entry) => {
    try {
      return decodeText(withoutBom(await collect(entry.stream(), limits.lineBytes, entry.path, "too-long-line")));
    } catch (error) {
      if (error instanceof RowProblem) throw error;
      throw new RowProblem("broken-part", `${entry.path} cannot be read: ${wordsOf(error)}.`, { cause: error });
    }
  };
  const record: Record<string, unknown> = json === undefined ? {} : parseObject(await read(json), json.path);
  if (caption !== undefined) {
    const text = (await read(caption)).replace(/\r?\n$/, "");
    const isBoxes = isYolo(text) || (text.trim() === "" && classes !== undefined);
    if (!isBoxes && isNumbers(text)) {
      throw new RowProblem(
        "bad-text",
        `${caption.path} holds lines of numbers that are no boxes of YOLO (poses and boxes in pixels are not read); write class, centre x, centre y, width and height of each object, the last four as shares of the picture.`,
      );
    }
    if (isBoxes) Object.assign(record, yoloRecord(text));
    else record.text = text;
  }
  if (xml !== undefined) Object.assign(record, parseVoc(await read(xml), xml.path));
  if (caption === undefined && json === undefined && xml === undefined && !toAnswer) {
    throw new RowProblem(
      "missing-text",
      `The picture ${pictures[0]!.path} has no text file of the same name beside it.`,
    );
  }
  record.images = pictures.map((picture) => picture.path);
  return record;
}

function parseVoc(text: string, path: string): Record<string, unknown> {
  try {
    const record = vocRecord(text);
    if (record) return record;
  } catch (error) {
    throw new RowProblem("bad-text", `${path} is not XML: ${wordsOf(error)}.`, { cause: error });
  }
  throw new RowProblem("bad-text", `${path} is XML of another kind than Pascal VOC's annotations.`);
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RowProblem("bad-json", `${path} is not JSON: ${wordsOf(error)}.`, { cause: error });
  }
  if (!isRecord(value)) throw new RowProblem("bad-json", `${path} is not a JSON object.`);
  return value;
}
