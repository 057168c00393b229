/**
 * A record under any of the field names that people use -> a conversation and its pictures.
 * Forms, first match: `messages` (TRL, LLaMA-Factory) or `conversations` (LLaVA), `prompt` + `completion` as lists (TRL),
 * question + answer columns, picture + caption (Hugging Face imagefolder: `file_name` + `text`).
 */

import { refuseBlind } from "./blind.ts";
import { COLUMNS, type ColumnMapping } from "./columns.ts";
import { type Conversation, conversationOf, isRecord, own, pictureOf, textOf } from "./conversation.ts";
import { isEmbedded, type PictureSource } from "./pictures.ts";
import { RowProblem } from "./problem.ts";

export interface RecordOptions {
  mapping?: ColumnMapping;
  /** The user turn of rows that have only a caption. */
  instruction?: string;
}

export const DEFAULT_INSTRUCTION = "Describe the image.";

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** The first of the columns that has a value, or the one that the user named. */
function column(record: Record<string, unknown>, names: readonly string[], mapped: string | undefined): unknown {
  if (mapped !== undefined) return own(record, mapped);
  return names.map((name) => own(record, name)).find(isPresent);
}

/** Conversations and picture lists in a CSV cell are JSON. */
function unpackList(value: unknown): unknown {
  if (typeof value !== "string" || !value.trimStart().startsWith("[")) return value;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list : value;
  } catch {
    return value; // a text, or a file name, that happens to start with a bracket
  }
}

function picturesOf(record: Record<string, unknown>, mapping: ColumnMapping): PictureSource[] {
  const names = mapping.images === undefined ? COLUMNS.images : [mapping.images];
  const value = unpackList(names.map((name) => own(record, name)).find((cell) => isPresent(cell) && cell !== ""));
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const pictures = list.map(pictureOf);
  if (Array.isArray(value) && pictures.includes(undefined)) {
    throw new RowProblem("missing-picture", "The row's list of pictures has an empty place.");
  }
  return pictures.filter((picture) => picture !== undefined);
}

/**
 * The conversation of a record. Throws RowProblems: those of `conversationOf`, "bad-row" when no known columns are
 * there, "missing-picture" for a caption without a picture.
 */
export function recordToConversation(record: unknown, options: RecordOptions = {}): Conversation {
  if (!isRecord(record) || isEmbedded(record))
    throw new RowProblem("bad-row", "The record is not an object with named fields.");
  const mapping = options.mapping ?? {};
  const pictures = picturesOf(record, mapping);
  const turns = turnsOf(record, pictures, mapping, options.instruction ?? DEFAULT_INSTRUCTION);
  const system = column(record, COLUMNS.system, mapping.system);
  const first = turns[0];
  const hasSystem = isRecord(first) && (own(first, "role") ?? own(first, "from")) === "system";
  if (isPresent(system) && system !== "" && !hasSystem) {
    turns.unshift({ role: "system", content: textOf(system, "The system column") });
  }
  const conversation = conversationOf(turns, pictures);
  if (conversation.pictures.length === 0) refuseBlind(record, mapping, conversation);
  return conversation;
}

function turnsOf(
  record: Record<string, unknown>,
  pictures: readonly PictureSource[],
  mapping: ColumnMapping,
  instruction: string,
): unknown[] {
  const asked = mapping.question !== undefined || mapping.answer !== undefined;
  const messages =
    asked && mapping.messages === undefined
      ? undefined
      : unpackList(column(record, COLUMNS.messages, mapping.messages));
  if (Array.isArray(messages)) return [...messages];
  if (messages !== undefined) throw new RowProblem("bad-row", "The conversation is not a list of turns.");

  const question = unpackListOfTurns(column(record, COLUMNS.question, mapping.question));
  const answer = unpackListOfTurns(column(record, COLUMNS.answer, mapping.answer));
  if (Array.isArray(question) && Array.isArray(answer)) return [...question, ...answer];
  if (isPresent(question)) {
    if (!isPresent(answer)) throw new RowProblem("missing-text", "The row has a question and no answer.");
    return pair(textOf(question, "The question"), textOf(answer, "The answer"));
  }
  const caption = mapping.answer === undefined ? column(record, COLUMNS.caption, undefined) : answer;
  if (!isPresent(caption) || mapping.question !== undefined) {
    const names = Object.keys(record).slice(0, 12).join(", ").slice(0, 200);
    throw new RowProblem("bad-row", `No conversation, question and answer, or caption among the fields (${names}).`);
  }
  if (pictures.length === 0) throw new RowProblem("missing-picture", "The row has a caption and names no picture.");
  return pair(instruction, textOf(caption, "The caption"));
}

function unpackListOfTurns(value: unknown): unknown {
  const list = unpackList(value);
  return Array.isArray(list) && list.every(isRecord) ? list : value;
}

function pair(question: string, answer: string): unknown[] {
  return [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
}
