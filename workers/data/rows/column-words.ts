/** Columns in sentences. Nobody has vetted their names. */
import { listed } from "../../words.ts";

/** A name in quotes, cut where it is long. */
export const quoted = (name: string): string => `"${name.slice(0, 60)}"`;

/** Names in quotes, the first six of many. */
export const quotedList = (names: readonly string[]): string => listed(names.map(quoted), 6);

/** Which pictures of a record a row shows: said where it has others. */
export const SHOWN_PICTURES =
  "a row shows the pictures of one column, which may be a list, or of image_1, image_2 and so on";
