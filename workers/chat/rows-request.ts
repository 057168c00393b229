/** Rows of data that the page wants answered: what it hands over, what comes back. */
import type { Message } from "../data/rows/row.ts";
import type { AnsweredRow } from "./answer-rows.ts";

/** A row as the page hands it over: plain data, its pictures as blobs. */
export interface RowToAnswer {
  row: number;
  source: string;
  messages: Message[];
  /** One for each image part, in order. */
  pictures: { path: string; blob: Blob }[];
  /** All right answers, where they are several. */
  answers?: string[];
}

export interface RowsRequest {
  useAdapter: boolean;
  maxNewTokens: number;
  /** Asked in place of each row's own question. */
  prompt?: string;
}

/** A row's answer, or why it has none. */
export type RowsEvent =
  | { type: "answered"; answered: AnsweredRow }
  | { type: "unanswered"; row: number; source: string; message: string };

export interface RowsResult {
  answered: number;
  unanswered: number;
  /** "stopped": what has no answer yet may be asked again, behind what has one. */
  ended: "all" | "stopped";
}
