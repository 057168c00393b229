/** What a record may call its picture. */
/** A picture whose bytes lie in the record. No JSON can forge one: it has a function. */
export interface EmbeddedPicture {
  /** For messages: "train.parquet row 7". */
  path: string;
  size: number;
  bytes(): Promise<Uint8Array>;
}

/** A path or data: URI, or the bytes themselves. */
export type PictureSource = string | EmbeddedPicture;

export function isEmbedded(value: unknown): value is EmbeddedPicture {
  return typeof value === "object" && value !== null && "bytes" in value && typeof value.bytes === "function";
}
