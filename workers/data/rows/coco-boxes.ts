/** COCO's boxes: a record a picture, with all that is annotated on it. Annotations stand in any order, so they are held until the pictures come. */
import { decodeText } from "./bytes.ts";
import type { DatasetLimits } from "./limits.ts";
import { parseLoosely } from "./loose-json.ts";
import { type RawRecord, type ReadRecord, readRecord } from "./raw.ts";
import { isRecord, own } from "./values.ts";

type Items = (keys: readonly string[]) => AsyncGenerator<RawRecord>;

/** What is kept of an annotation: `datasets` of millions of them have outlines that nobody needs here. */
interface Kept {
  category?: unknown;
  category_id?: unknown;
  bbox: unknown;
  iscrowd?: unknown;
}

/** The objects of a list; broken ones are passed over. */
async function* objectsOf(items: AsyncGenerator<RawRecord>): AsyncGenerator<Record<string, unknown>> {
  for await (const { bytes, tooLong, broken } of items) {
    if (tooLong || broken !== undefined) continue;
    let item: unknown;
    try {
      item = parseLoosely(decodeText(bytes));
    } catch {
      continue;
    }
    if (isRecord(item)) yield item;
  }
}

/** Throws an Error where a file has more annotations than rows are read. */
export async function* cocoBoxRecords(items: Items, limits: DatasetLimits): AsyncGenerator<ReadRecord> {
  const names = new Map<string, unknown>();
  for await (const category of objectsOf(items(["categories"])))
    names.set(String(own(category, "id")), own(category, "name"));
  const byPicture = new Map<string, Kept[]>();
  let count = 0;
  for await (const item of objectsOf(items(["annotations"]))) {
    count += 1;
    if (count > 4 * limits.rows) throw new Error(`it has more than ${4 * limits.rows} annotations`);
    const id = String(own(item, "image_id"));
    const category = names.get(String(own(item, "category_id")));
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
  for await (const raw of items(["images"])) {
    yield readRecord(raw, limits, "bad-json", (text) => {
      const image = parseLoosely(text);
      if (!isRecord(image)) return image;
      const { width, height } = image;
      const file = own(image, "file_name") ?? own(image, "path") ?? own(image, "coco_url");
      const objects = byPicture.get(String(own(image, "id"))) ?? [];
      return { image: file, width, height, objects, bbox_format: "coco" };
    });
  }
}
