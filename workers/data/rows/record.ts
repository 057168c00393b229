/**
 * A record under any of the field names that people use -> conversations (one, or one for each of several answers) and their pictures.
 * Forms, first match: a conversation (`messages`: TRL, LLaMA-Factory; `conversations`: LLaVA), `prompt` + `completion` as lists (TRL),
 * question + answer columns, with options (ScienceQA) and earlier turns (ms-swift), picture + caption (Hugging Face imagefolder),
 * picture + boxes (box-row.ts), picture + class. Longer than other files: the forms rule each other out, and the order in which they do stands in one place.
 */

import type { BoxUnit } from "../boxes/convention.ts";
import type { BoxFormat } from "../boxes/forms.ts";
import type { ClassNames } from "../boxes/found.ts";
import { chosenOf, type SeveralAnswers, textsOf, votesIn } from "./answers.ts";
import { refuseBlind, tellOthers } from "./blind.ts";
import { BOXES_TO_COME, boxesOf, FIND_QUESTION, hasMarks, type RecordBoxes } from "./box-row.ts";
import { multipleChoice } from "./choices.ts";
import { quoted, quotedList } from "./column-words.ts";
import { type ColumnMapping, isColumnOf } from "./columns.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { type Field, Fields } from "./fields.ts";
import { isEmbedded, type PictureSource } from "./picture-source.ts";
import { refuseDisliked, withChosen } from "./preferences.ts";
import { RowProblem } from "./problem.ts";
import { picturesOf } from "./record-pictures.ts";
import type { Tell } from "./remarks.ts";
import { isTurns, pair, turnsIn, unpackList } from "./turns.ts";
import { isPresent, isRecord, jsonText, keyText, own, textOf } from "./values.ts";

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

export const DEFAULT_INSTRUCTION = "Describe the image.";
/** Asked of rows that have only a class. */
export const CLASS_QUESTION = "What is this?";

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
  const request: Request = {
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
    const hasSystem = isRecord(first) && (own(first, "role") ?? own(first, "from")) === "system";
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

interface Request {
  fields: Fields;
  pictures: readonly PictureSource[];
  mapping: ColumnMapping;
  instruction: string | undefined;
  severalAnswers: SeveralAnswers | undefined;
  columns: readonly string[];
  tell: Tell;
  /** Set where several answers or captions are met. */
  several: boolean;
  toAnswer: boolean;
  /** The several answers or captions, where one row stands for all of them. */
  answers: string[];
  classes: ClassNames;
  /** Set where the answer is to be written of boxes. */
  boxes: RecordBoxes | undefined;
}

/** Lists of turns: one, or one for each answer or caption. */
function dialoguesOf(request: Request): unknown[][] {
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
  if (turns?.some((turn) => (own(turn, "role") ?? own(turn, "from")) !== "assistant")) return [turns];
  if (mapping.question !== undefined) throw nothingKnown(request);
  return captionTurns(request, answer);
}

/** Question and boxes, where nothing else is the answer; undefined where there are none. */
function boxedTurns(request: Request, question: Field | undefined): unknown[] | undefined {
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
function conversationIn({ fields, mapping, tell }: Request): unknown[] | undefined {
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

/** A list of turns with roles. */
function turnsOf(value: unknown): Record<string, unknown>[] | undefined {
  const turns = turnsIn(value);
  return isTurns(turns) ? turns : undefined;
}

function questionOf({ fields, mapping, tell }: Request): Field | undefined {
  const found = fields.first("question");
  if (found === undefined || mapping.question !== undefined || !/^(instruction|prompt)$/i.test(found.name))
    return found;
  const input = fields.first("input");
  if (input === undefined || typeof input.value !== "string" || input.value.trim() === "") return found;
  if (typeof found.value !== "string" || found.value.trim() === "") return input;
  tell(`"${input.name}" is joined to "${found.name}" by a line end`);
  return { name: found.name, value: `${found.value}\n${input.value}` };
}

/** The answer's column. A text or caption beside a question is taken for it only where no other column could be. */
function answerOf({ fields, mapping, columns, tell, toAnswer }: Request, hasQuestion: boolean): Field | undefined {
  if (mapping.label !== undefined && mapping.answer === undefined) return fields.first("label");
  const numbered = fields.has("answer") ? [] : fields.numbered("answer");
  if (numbered.length > 0 && mapping.answer === undefined) {
    return {
      name: numbered
        .map(({ name }) => name)
        .join(", ")
        .slice(0, 60),
      value: numbered.map(({ value }) => value),
    };
  }
  const found = fields.first("answer");
  if (found !== undefined || !hasQuestion || mapping.answer !== undefined || fields.has("answer")) return found;
  const label = fields.first("label");
  if (label !== undefined && typeof label.value === "string") {
    tell(`the class in ${quoted(label.name)} is the answer`);
    return label;
  }
  const [text] = fields.all("caption");
  if (text === undefined || fields.first("choice") !== undefined) return undefined;
  const others = columns.filter(
    (name) =>
      !isColumnOf(name, "question", "images", "system", "history", "aside") &&
      name !== text.name &&
      !/(^|_)id(x|s)?$/i.test(name),
  );
  if (others.length > 0 && toAnswer) return undefined;
  if (others.length > 0) {
    throw new RowProblem(
      "missing-text",
      `The row has a question and no answer: ${quoted(text.name)} may as well be about the picture (other columns: ${namesOf(others)}); call the right column answer, or name it in a mapping.`,
    );
  }
  tell(`${quoted(text.name)} is taken for the answer, because no other column could be`);
  return text;
}

/** Earlier turns: pairs of question and answer, or turns with roles. */
function historyOf(fields: Fields): unknown[] {
  const found = fields.first("history");
  if (found === undefined || found.value === "") return [];
  const turns = turnsIn(found.value);
  if (turns === undefined || !turns.every(isRecord)) {
    throw new RowProblem(
      "bad-row",
      `The earlier turns in ${quoted(found.name)} are not a list of question and answer pairs, like [["Q", "A"]].`,
    );
  }
  return turns;
}

function askedTurns(request: Request, question: Field, answer: Field | undefined): unknown[][] {
  const { fields, columns, tell, toAnswer } = request;
  const before = turnsOf(question.value);
  const after = turnsOf(answer?.value);
  if (after?.some((turn) => (own(turn, "role") ?? own(turn, "from")) !== "assistant"))
    return [before ? [...before, ...after] : after];
  const head = before ?? [{ role: "user", content: "" }];
  if (before && after) return [[...before, ...after]];
  const pairs = before || after ? undefined : pairsOf(question, answer);
  if (pairs) {
    tell(`the questions in ${quoted(question.name)} and their answers are the turns of one conversation`);
    return [pairs];
  }
  if (before === undefined) {
    const asked = textOf(question.value, "The question");
    const choice = after ? undefined : multipleChoice(fields, asked, answer, tell, toAnswer);
    if (choice) return [pair(choice.question, choice.answer)];
    head[0] = { role: "user", content: asked };
  }
  if (answer === undefined && toAnswer) return [head];
  if (answer === undefined)
    throw new RowProblem("missing-text", `The row has a question and no answer (fields: ${namesOf(columns)}).`);
  if (after) return [[...head, ...after]];
  return answerTexts(request, answer).map((text) => [...head, { role: "assistant", content: text }]);
}

/** Lists of as many questions as answers. */
function pairsOf(question: Field, answer: Field | undefined): unknown[] | undefined {
  const questions = unpackList(question.value);
  const answers = Array.isArray(questions) ? unpackList(answer?.value) : undefined;
  if (!Array.isArray(questions) || questions.length === 0) return undefined;
  if (!Array.isArray(answers) || answers.length !== questions.length) {
    if (questions.length === 1 || typeof question.value === "string") return undefined;
    throw new RowProblem("bad-row", `The row has ${questions.length} questions and not as many answers.`);
  }
  return questions.flatMap((text: unknown, i) => pair(textOf(text, "A question"), textOf(answers[i], "An answer")));
}

function answerTexts(request: Request, answer: Field): string[] {
  const { tell } = request;
  if (typeof answer.value === "boolean")
    tell(`the answer in ${quoted(answer.name)} is true or false and is written so`);
  const texts = textsIn(request, answer, "The answer");
  if (texts.length === 1) request.answers = votesBeside(request, answer.name, texts[0]!);
  if (request.answers.length === 0) tellOtherAnswers(request, answer, texts);
  return texts.length === 0 ? [""] : takenOf(request, texts, "answers", answer.name, "most-frequent");
}

/** Other columns that may as well be the answer, and say something else. */
function tellOtherAnswers({ fields, mapping, toAnswer, tell }: Request, answer: Field, texts: readonly string[]): void {
  if (mapping.answer !== undefined || toAnswer) return;
  const others = fields.all("answer").filter(({ name, value }) => {
    const text = keyText(value)?.trim() ?? jsonText(value);
    return name !== answer.name && text !== "" && !texts.some((taken) => taken.trim() === text);
  });
  if (others.length === 0) return;
  const names = quotedList(others.map(({ name }) => name));
  tell(`${quoted(answer.name)} is the answer, and ${names} beside it ${others.length === 1 ? "is" : "are"} not used`);
}

/** What several people answered, beside the one answer that was made of it: VQA's "answers" beside its "multiple_choice_answer". */
function votesBeside({ fields, toAnswer, tell }: Request, column: string, taken: string): string[] {
  for (const { name, value } of fields.all("answer")) {
    if (name === column) continue;
    const texts = votesIn(severalIn(name) ? unpackList(value) : value);
    if (!texts.includes(taken)) continue;
    if (!toAnswer)
      tell(
        `${quoted(column)} is trained on, and each of ${quoted(name)} counts as right where held-out rows are answered`,
      );
    return texts;
  }
  return [];
}

/** Of several answers or captions those that become rows; where that is one, it stands beside all of them. */
function takenOf(
  request: Request,
  texts: string[],
  what: "answers" | "captions",
  column: string,
  usual: SeveralAnswers,
): string[] {
  const { severalAnswers = usual, toAnswer, tell } = request;
  if (texts.length > 1 && (toAnswer || severalAnswers !== "each")) request.answers = texts;
  if (!toAnswer) return chosenOf(texts, severalAnswers, what, column, tell);
  return chosenOf(texts, "most-frequent", what, column, () => {});
}

/** The texts of a cell that say something. */
function textsIn(request: Request, { name, value }: Field, what: string): string[] {
  const texts = textsOf(severalIn(name) ? unpackList(value) : value, what, request.tell);
  const filled = texts.length > 1 ? texts.filter((text) => text.trim() !== "") : texts;
  request.several = filled.length > 1;
  return filled;
}

/** A cell under a name in the plural may hold a list as text; under another name such a text is what the author wrote. */
const severalIn = (name: string): boolean => /s$|^raw$|^caption$/i.test(name);

function captionTurns(request: Request, answer: Field | undefined): unknown[][] {
  const { fields, pictures, mapping, instruction = DEFAULT_INSTRUCTION, tell } = request;
  const picked = mapping.answer ?? mapping.label;
  const numbered =
    picked === undefined && answer === undefined && !fields.has("caption") ? fields.numbered("caption") : [];
  const found = picked === undefined && answer === undefined ? captionField(fields, numbered, tell) : answer;
  if (found === undefined) return [pairOfClass(request)];
  if (pictures.length === 0) throw new RowProblem("missing-picture", "The row has a caption and names no picture.");
  if (found === answer && picked === undefined) {
    const name = quoted(found.name);
    if (
      fields.has("question") ||
      (typeof found.value !== "string" && !isRecord(found.value) && !Array.isArray(found.value))
    ) {
      throw new RowProblem("missing-text", `The row has an answer in ${name} and no question.`);
    }
    tell(`${name} is the answer to "${instruction}", because there is no question`);
  }
  const texts = textsIn(request, found, "The caption");
  if (texts.length === 0) throw new RowProblem("empty-text", "The row's list of captions is empty.");
  const taken = takenOf(request, texts, "captions", found.name, "each");
  return taken.map((text) => pair(instruction, text));
}

function captionField(fields: Fields, numbered: readonly Field[], tell: Tell): Field | undefined {
  if (numbered.length > 0) {
    const name = `${numbered[0]!.name} … ${numbered.at(-1)!.name}`;
    return { name: numbered.length > 1 ? name : numbered[0]!.name, value: numbered.map(({ value }) => value) };
  }
  const [first, ...others] = fields.all("caption");
  if (first === undefined) return fields.first("caption");
  const left = [...others, ...fields.all("label")].filter(({ value }) => value !== "" && value !== first.value);
  if (left.length > 0) {
    const names = quotedList(left.map(({ name }) => name));
    tell(`${quoted(first.name)} is the caption, and ${names} beside it ${left.length === 1 ? "is" : "are"} not used`);
  }
  return first;
}

/** A class by its name; a number alone says nothing that could be learned. */
function pairOfClass(request: Request): unknown[] {
  const { fields, pictures, instruction, tell, toAnswer } = request;
  const label = fields.first("label");
  const named = typeof label?.value === "string" && !/^\s*-?\d*\.?\d*\s*$/.test(label.value);
  if (toAnswer && !named && pictures.length > 0) {
    const question = instruction ?? DEFAULT_INSTRUCTION;
    tell(`"${question}" is asked, because there is no question`);
    return [{ role: "user", content: question }];
  }
  if (label === undefined) throw nothingKnown(request);
  const name = quoted(label.name);
  if (!named && typeof label.value === "object") {
    throw new RowProblem(
      "missing-text",
      `The row has only ${name}, and that is a list or an object that holds neither a class nor boxes in a form that is known (fields: ${namesOf(request.columns)}); write its class as a text, or its boxes as COCO, Pascal VOC or YOLO.`,
    );
  }
  if (!named) {
    throw new RowProblem(
      "missing-text",
      `The row has only ${name}, and that holds no class name (fields: ${namesOf(request.columns)}); write the names instead of numbers, or name the column as label in a mapping.`,
    );
  }
  if (pictures.length === 0) throw new RowProblem("missing-picture", "The row has a class and names no picture.");
  tell(`the class in ${name} is the answer to "${instruction ?? CLASS_QUESTION}"`);
  return pair(instruction ?? CLASS_QUESTION, label.value);
}

const namesOf = (names: readonly string[]): string => names.slice(0, 12).join(", ").slice(0, 200);

function nothingKnown({ columns, mapping }: Request): RowProblem {
  const missing = Object.values(mapping).filter((name) => !columns.includes(name));
  const mapped = missing.length > 0 ? `; the mapping names ${namesOf(missing)}, which is not among them` : "";
  return new RowProblem(
    "bad-row",
    `No conversation, question and answer, or caption among the fields (${namesOf(columns)})${mapped}.`,
  );
}
