import type { CellPlace } from "./picture-source.ts";

/** What every dataset format becomes: a conversation with pictures. */
export type ContentPart = { type: "text"; text: string } | { type: "image" };

export interface Message {
  role: "system" | "user" | "assistant";
  content: ContentPart[];
}

/** The encoded bytes of one picture, read only when needed. */
export interface ImageRef {
  /** As the user knows it: a path in the folder or archive, or "train.parquet row 7". */
  path: string;
  /** The path of the dropped file that it is; absent where its bytes lie in the record. */
  file?: string;
  /** Where it lies in a Parquet file of the drop, to be read again later. */
  at?: CellPlace;
  /** Its first bytes, where it is a file of the drop: enough for most headers. */
  head?(): Promise<Uint8Array>;
  /** Throws TabTuneErrors "bad-image" and "image-too-large". */
  bytes(): Promise<Uint8Array>;
}

export interface Row {
  /** Position in file order over the whole data set, from 0; skipped rows keep their number. */
  index: number;
  /** Where it came from, for messages: "metadata.jsonl line 12". */
  source: string;
  messages: Message[];
  /** One for each image part, in order. */
  images: ImageRef[];
  /** All that people answered to the last question, where they are several: whichever of them is trained on, any of them is right. */
  answers?: readonly string[];
}

/** The words of a message; its pictures are none. */
export const messageText = ({ content }: Pick<Message, "content">): string =>
  content.map((part) => (part.type === "text" ? part.text : "")).join("");

/** What is said in a row. */
export type RowTexts = Pick<Row, "messages" | "answers">;

/** A row that could not be used; the others go on. */
export interface SkippedRow {
  index: number;
  source: string;
  /** Stable word for grouping: "missing-picture", "broken-picture", "empty-text" … */
  reason: string;
  /** One sentence: what, where, what to do. */
  message: string;
  /** The raw row, cut to 200 characters. */
  excerpt: string;
}
