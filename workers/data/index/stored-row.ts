/**
 * A row as the index keeps it: its texts, and where its pictures lie. What a row's pictures are is decided once, when the files are
 * read; whoever prepares the row later, perhaps in another worker's life, only follows the places.
 */
import type { CellPlace } from "../rows/picture-source.ts";
import type { Message, Row } from "../rows/row.ts";

/** Where the bytes of a picture lie. */
export type PicturePlace =
  /** A file of the drop, or of an archive in it: its path. */
  | { file: string }
  /** In a cell of a Parquet file. */
  | { cell: CellPlace }
  /** In the record itself (base64, a list of bytes): kept beside the block, from byte `from` to `to` of it. */
  | { kept: [from: number, to: number] };

export interface StoredPicture {
  /** As the user knows it. */
  path: string;
  place: PicturePlace;
}

export interface StoredRow {
  /** `Row.index`. */
  index: number;
  source: string;
  messages: Message[];
  pictures: StoredPicture[];
  /** `Row.answers`. */
  answers?: readonly string[];
}

/** How much there is of a conversation, by which its tokens are bounded before it is tokenised. */
export interface RowSizes {
  /** Of all texts, in UTF-8: tokens of a text are never more than its bytes. */
  textBytes: number;
  messages: number;
  pictures: number;
}

export function sizesOf(messages: readonly Message[]): RowSizes {
  const parts = messages.flatMap(({ content }) => content);
  return {
    textBytes: parts.reduce((sum, part) => sum + (part.type === "text" ? utf8Length(part.text) : 0), 0),
    messages: messages.length,
    pictures: parts.filter(({ type }) => type === "image").length,
  };
}

function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Halves of a pair take two each.
    length += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return length;
}

/** The row, and the bytes of those of its pictures that lie nowhere but in its record; `keptAt` is where the first of them will begin. */
export async function storedRow(row: Row, keptAt: number): Promise<{ stored: StoredRow; kept: Uint8Array[] }> {
  const kept: Uint8Array[] = [];
  let from = keptAt;
  const pictures: StoredPicture[] = [];
  for (const image of row.images) {
    const { path, file, at: cell } = image;
    if (file !== undefined) pictures.push({ path, place: { file } });
    else if (cell !== undefined) pictures.push({ path, place: { cell } });
    else {
      const bytes = await image.bytes();
      kept.push(bytes);
      pictures.push({ path, place: { kept: [from, from + bytes.length] } });
      from += bytes.length;
    }
  }
  const { index, source, messages, answers } = row;
  return { stored: { index, source, messages, pictures, ...(answers ? { answers } : {}) }, kept };
}
