/** What a record may call its picture. */

/** Where a picture lies in a Parquet file: plain data, by which `parquetPicture` reads it again from its file alone. */
export interface CellPlace {
  /** The path of the file among the entries of the drop. */
  file: string;
  /** The row group, and the row in it; both from 0. */
  group: number;
  row: number;
  /** The way from the row to the bytes: the column, then places in lists and names of fields. */
  keys: (string | number)[];
}

/** A picture whose bytes lie in the record. No JSON can forge one: it has a function. */
export interface EmbeddedPicture {
  /** For messages: "train.parquet row 7". */
  path: string;
  /** Absent where that is only known when the bytes are read. */
  size?: number;
  /** Absent where the bytes are written in a text. */
  at?: CellPlace;
  bytes(): Promise<Uint8Array>;
}

/** A path or data: URI, or the bytes themselves. */
export type PictureSource = string | EmbeddedPicture;

export function isEmbedded(value: unknown): value is EmbeddedPicture {
  return typeof value === "object" && value !== null && "bytes" in value && typeof value.bytes === "function";
}
