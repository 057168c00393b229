/** COCO's boxes: a record a picture, with all that is annotated on it. Annotations stand in any order, so they are held until the pictures come. */
import { counted } from "../../words.ts";
import { objectIn, parseJson } from "./json-text.ts";
import type { DatasetLimits } from "./limits.ts";
import { RowProblem } from "./problem.ts";
import { type RawRecord, type ReadRecord, readRecord } from "./raw.ts";
import { isRecord, keyText, own } from "./values.ts";

/** Boxes that are held of a file: so many for each row that may be read. */
const BOXES_A_ROW = 4;

type Items = (keys: readonly string[]) => AsyncGenerator<RawRecord>;

/** What is kept of an annotation: `datasets` of millions of them have outlines that nobody needs here. */
interface Kept {
  category?: unknown;
  category_id?: unknown;
  bbox: unknown;
  iscrowd?: unknown;
}

const idOf = (item: Record<string, unknown>, key: string): string | undefined => keyText(own(item, key));

/** The ids that several pictures have: whose their annotations are, nobody can tell. */
async function repeatedIds(images: AsyncGenerator<RawRecord>): Promise<Set<string>> {
  const seen = new Map<string, unknown>();
  const repeated = new Set<string>();
  for await (const raw of images) {
    const image = objectIn(raw);
    const id = image && idOf(image, "id");
    if (id === undefined) continue;
    if (seen.has(id) && seen.get(id) !== fileOf(image!)) repeated.add(id);
    seen.set(id, fileOf(image!));
  }
  return repeated;
}

const fileOf = (image: Record<string, unknown>): unknown =>
  own(image, "file_name") ?? own(image, "path") ?? own(image, "coco_url");

/**
 * `say` is told, whole sentences, what of the file `path` is left out. Throws an Error where it has more annotations than are held.
 */
export async function* cocoBoxRecords(
  path: string,
  items: Items,
  limits: DatasetLimits,
  say: (sentence: string) => void,
): AsyncGenerator<ReadRecord> {
  const names = new Map<string, unknown>();
  for await (const raw of items(["categories"])) {
    const category = objectIn(raw);
    const id = category && idOf(category, "id");
    if (id === undefined) continue;
    const name = own(category!, "name");
    // A number of two classes is the name of none.
    names.set(id, names.has(id) && names.get(id) !== name ? undefined : name);
  }
  const byPicture = new Map<string, Kept[]>();
  const most = BOXES_A_ROW * limits.rows;
  let count = 0;
  let broken = 0;
  for await (const raw of items(["annotations"])) {
    count += 1;
    if (count > most) throw new Error(`it has more than ${most} annotations`);
    const item = objectIn(raw);
    if (!item) {
      broken += 1;
      continue;
    }
    const id = idOf(item, "image_id") ?? "";
    const category = names.get(idOf(item, "category_id") ?? "");
    const kept: Kept = {
      bbox: own(item, "bbox") ?? null,
      // A number that no category has stays one, and is counted as what it is.
      ...(category === undefined ? { category_id: own(item, "category_id") } : { category }),
      ...(own(item, "iscrowd") === 1 ? { iscrowd: 1 } : {}),
    };
    const others = byPicture.get(id);
    if (others) others.push(kept);
    else byPicture.set(id, [kept]);
  }
  const left = (n: number, why: string): void => {
    if (n > 0) say(`${path}: ${counted(n, "annotation")} ${n === 1 ? "is" : "are"} left out: ${why}.`);
  };
  left(broken, `${broken === 1 ? "it" : "they"} cannot be read`);
  const repeated = await repeatedIds(items(["images"]));
  const pictured = new Set<string>();
  for await (const raw of items(["images"])) {
    const image = objectIn(raw);
    const id = image && idOf(image, "id");
    if (id !== undefined) pictured.add(id);
    yield readRecord(raw, limits, "bad-json", (text) => {
      const image = parseJson(text);
      if (!isRecord(image)) return image;
      const { width, height } = image;
      const id = idOf(image, "id");
      if (id === undefined)
        throw new RowProblem("bad-row", "The picture has no id, so no annotation says that it is of it.");
      if (repeated.has(id))
        throw new RowProblem(
          "bad-row",
          `Several pictures have the id ${id.slice(0, 40)}, so nobody can tell whose its annotations are.`,
        );
      return { image: fileOf(image), width, height, objects: byPicture.get(id) ?? [], bbox_format: "coco" };
    });
  }
  const lone = [...byPicture].filter(([id]) => !pictured.has(id)).reduce((sum, [, { length }]) => sum + length, 0);
  left(lone, `${lone === 1 ? "its" : "their"} image_id is that of no picture in "images"`);
}
