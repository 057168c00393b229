/** Which pictures a record shows: of one column, of numbered ones, under placeholders, or by an id. */
import { quotedList } from "./column-words.ts";
import type { ColumnMapping } from "./columns.ts";
import type { Fields } from "./fields.ts";
import { numbersOf } from "./inline-picture.ts";
import { isEmbedded, type PictureSource } from "./picture-source.ts";
import { placeholderIn } from "./placeholders.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import { pictureOf } from "./turn-parts.ts";
import { unpackList } from "./turns.ts";
import { isRecord, own } from "./values.ts";

/**
 * The pictures of one column, and of those that are numbered (image_1, image_2 …) behind it. Throws a RowProblem "missing-picture" for a
 * list with an empty place.
 */
export function picturesOf(fields: Fields, mapping: ColumnMapping, tell: Tell): PictureSource[] {
  const named = fields.all("images").find(({ value }) => value !== "");
  const alone = mapping.images === undefined && !fields.has("images");
  const found = named ?? (alone ? fields.first("imageId") : undefined);
  const numbered = mapping.images === undefined ? fields.numbered("images") : [];
  const [first] = numbered;
  if (!first) return picturesIn(found?.value);
  // A column that repeats the first of them is none of its own.
  const columns = found && found.value !== first.value ? [found, ...numbered] : numbered;
  if (columns.length > 1)
    tell(`the pictures in ${quotedList(columns.map(({ name }) => name))} are shown in this order`);
  return columns.flatMap(({ value }) => picturesIn(value));
}

function picturesIn(cell: unknown): PictureSource[] {
  const value = unpackList(cell);
  const bytes = numbersOf(value);
  if (bytes !== undefined) return [bytes];
  const list: unknown[] = Array.isArray(value) ? value : (byPlaceholder(value) ?? [value]);
  const pictures = list.map(pictureOf);
  if (Array.isArray(value) && pictures.includes(undefined)) {
    throw new RowProblem("missing-picture", "The row's list of pictures has an empty place.");
  }
  return pictures.filter((picture) => picture !== undefined);
}

/** Pictures under the placeholders that stand for them in the texts (MiniCPM-V: {"<image_00>": "a.jpg"}), by their numbers. */
function byPlaceholder(value: unknown): unknown[] | undefined {
  if (!isRecord(value) || isEmbedded(value)) return undefined;
  const names = Object.keys(value);
  if (names.length === 0 || !names.every((name) => placeholderIn(name) === name)) return undefined;
  return names.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).map((name) => own(value, name));
}
