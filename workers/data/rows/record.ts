/**
 * A record under any of the field names that people use -> conversations (one, or one for each of several answers) and their pictures.
 * Forms, first match: a conversation (`messages`: TRL, LLaMA-Factory; `conversations`: LLaVA), `prompt` + `completion` as lists (TRL),
 * question + answer columns, with options (ScienceQA) and earlier turns (ms-swift), picture + caption (Hugging Face imagefolder),
 * picture + boxes (box-row.ts), picture + class. The forms rule each other out, and the order in which they do stands in one place, `dialoguesOf`;
 * what each makes of its columns is in question-answer.ts and caption-turns.ts.
 */

import type { BoxUnit } from "../boxes/convention.ts";
import type { BoxFormat } from "../boxes/forms.ts";
import type { ClassNames } from "../boxes/found.ts";
import type { SeveralAnswers } from "./answers.ts";
import { refuseBlind, tellOthers } from "./blind.ts";
import { BOXES_TO_COME, boxesOf, FIND_QUESTION, hasMarks } from "./box-row.ts";
import { captionTurns, pairOfClass } from "./caption-turns.ts";
import { quoted, quotedList } from "./column-words.ts";
import type { ColumnMapping } from "./columns.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { type Field, Fields } from "./fields.ts";
import { isEmbedded } from "./picture-source.ts";
import { refuseDisliked, withChosen } from "./preferences.ts";
import { RowProblem } from "./problem.ts";
import { answerOf, askedTurns, historyOf, questionOf } from "./question-answer.ts";
import { picturesOf } from "./record-pictures.ts";
import { nothingKnown, type RecordRequest } from "./record-request.ts";
import type { Tell } from "./remarks.ts";
import { pair, roleOf, turnsIn, turnsOf } from "./turns.ts";
import { isPresent, isRecord, textOf } from "./values.ts";

export interface RecordOptions {
  mapping?: ColumnMapping;
  /** The user turn of rows that have only a caption. */
  instruction?: string;
  /** Of several answers or captions; without it a row for each caption, and the most frequent answer. */
  severalAnswers?: SeveralAnswers;
  /** In which unit boxes are written as answers; without it as the model's publisher writes them. */
  boxes?: BoxUnit;
  /** In which form the data has its boxes, where its columns do not say so; without it, told by their pictures. */
  boxFormat?: BoxFormat;
  /** The rows are to be answered, not trained on: those without an answer stay, and each of several answers is a right one. */
  toAnswer?: boolean;
}

/** What a record was understood as. */
export interface Understood {
  conversations: Conversation[];
  /** What was guessed, joined or left aside, as sentences without their full stops. */
  remarks: string[];
  /** It has several answers or captions. */
  several: boolean;
}

/**
 * The conversations of a record; `columns` are those of its table, where the record has not all of them. Throws RowProblems: those of
 * `conversationOf`, "bad-row" when no known columns are there, "missing-text" for a question without an answer, "missing-picture" for
 * a caption without a picture.
 */
export function recordToConversations(
  record: unknown,
  options: RecordOptions & { classes?: ClassNames } = {},
  columns?: readonly string[],
): Understood {
  if (!isRecord(record) || isEmbedded(record))
    throw new RowProblem("bad-row", "The record is not an object with named fields.");
  const remarks = new Set<string>();
  const tell: Tell = (sentence) => remarks.add(sentence);
  const mapping = options.mapping ?? {};
  const fields = new Fields(record, mapping, tell);
  const pictures = picturesOf(fields, mapping, tell);
  const request: RecordRequest = {
    fields,
    pictures,
    mapping,
    instruction: options.instruction,
    severalAnswers: options.severalAnswers,
    columns: columns ?? fields.names,
    tell,
    several: false,
    toAnswer: options.toAnswer === true,
    answers: [],
    classes: options.classes,
    boxes: undefined,
  };
  const system = fields.first("system")?.value;
  const conversations = dialoguesOf(request).map((turns) => {
    const first = turns[0];
    const hasSystem = isRecord(first) && roleOf(first) === "system";
    const opening = isPresent(system) && system !== "" && !hasSystem;
    const head = opening ? [{ role: "system", content: textOf(system, "The system column") }] : [];
    const conversation = conversationOf([...head, ...turns], pictures, tell, request.toAnswer);
    if (request.boxes) return { ...conversation, boxes: request.boxes };
    return request.answers.length > 1 ? { ...conversation, answers: request.answers } : conversation;
  });
  for (const conversation of conversations) {
    if (conversation.pictures.length === 0) refuseBlind(record, mapping, conversation);
    else tellOthers(record, mapping, conversation.pictures, tell);
  }
  const aside = fields.all("aside").flatMap(({ name, value }) => (value === "" ? [] : [name]));
  if (aside.length > 0) {
    const why = aside.some((name) => name.startsWith("rejected")) ? ": of preferences the chosen answer is read" : "";
    tell(`${quotedList(aside)} ${aside.length === 1 ? "is" : "are"} left aside${why}`);
  }
  return { conversations, remarks: [...remarks], several: request.several };
}

/** Lists of turns: one, or one for each answer or caption. */
function dialoguesOf(request: RecordRequest): unknown[][] {
  const { fields, mapping } = request;
  const asked = mapping.question !== undefined || mapping.answer !== undefined || mapping.label !== undefined;
  const messages = asked && mapping.messages === undefined ? undefined : conversationIn(request);
  if (!asked && !request.toAnswer) refuseDisliked(fields, messages !== undefined);
  if (messages !== undefined) {
    const history = fields.first("history");
    if (history && history.value !== "") request.tell(`${quoted(history.name)} beside a conversation is left aside`);
    const boxes = boxesOf(fields, request.classes, request.tell);
    if (boxes && hasMarks(messages)) request.boxes = { ...boxes, inline: true };
    else if (boxes && boxes.boxes.length > 0)
      request.tell(`the boxes in ${quoted(boxes.column)} beside a conversation are left aside`);
    return [withChosen(messages, fields)];
  }
  const question = questionOf(request);
  const boxed = boxedTurns(request, question);
  if (boxed) return [boxed];
  const answer = answerOf(request, question !== undefined);
  if (question !== undefined) {
    const history = historyOf(fields);
    return askedTurns(request, question, answer).map((turns) => [...history, ...turns]);
  }
  const turns = turnsOf(answer?.value);
  if (turns?.some((turn) => roleOf(turn) !== "assistant")) return [turns];
  if (mapping.question !== undefined) throw nothingKnown(request);
  return captionTurns(request, answer) ?? [pairOfClass(request)];
}

/** Question and boxes, where nothing else is the answer; undefined where there are none. */
function boxedTurns(request: RecordRequest, question: Field | undefined): unknown[] | undefined {
  const { fields, mapping, instruction = FIND_QUESTION, tell } = request;
  const picked = mapping.boxes !== undefined;
  // Who names a column of classes and none of boxes asks for the class.
  if (mapping.label !== undefined && !picked) return undefined;
  const boxes = boxesOf(fields, request.classes, request.tell);
  if (!boxes) return undefined;
  const others = (["answer", ...(question ? [] : (["caption"] as const))] as const).flatMap((kind) => fields.all(kind));
  const [other] = others.filter(({ name, value }) => name !== boxes.column && value !== "");
  const column = quoted(boxes.column);
  if (other && !picked) {
    tell(`the boxes in ${column} are left aside, because ${quoted(other.name)} is the answer`);
    return undefined;
  }
  if (request.pictures.length === 0)
    throw new RowProblem("missing-picture", `The row has boxes in ${column} and names no picture.`);
  if (other) tell(`the boxes in ${column} are the answer, and ${quoted(other.name)} beside them is not used`);
  if (question === undefined)
    tell(`"${instruction}" is asked for the boxes in ${column}, because there is no question`);
  request.boxes = boxes;
  const asked = question === undefined ? instruction : textOf(question.value, "The question");
  return pair(asked, BOXES_TO_COME);
}

/** The canonical names mean a conversation whatever is in them; the others only where they hold turns. */
function conversationIn({ fields, mapping, tell }: RecordRequest): unknown[] | undefined {
  for (const { name, value } of fields.all("messages")) {
    const turns = turnsIn(value);
    const meant = name === mapping.messages || /^(messages|conversations)$/i.test(name);
    if (turns && (meant || turns.every(isRecord))) return turns;
    if (meant) throw new RowProblem("bad-row", "The conversation is not a list of turns.");
  }
  const near = fields.has("messages") ? undefined : fields.nearly("messages");
  const turns = turnsOf(near?.value);
  if (near && turns) tell(near.remark);
  return turns;
}
