/** A record without a question: what is said of its picture, or its class, and what is asked for it. */
import { takenOf, textsIn } from "./answer-texts.ts";
import { quoted, quotedList } from "./column-words.ts";
import type { Field, Fields } from "./fields.ts";
import { RowProblem } from "./problem.ts";
import { namesOf, nothingKnown, type RecordRequest } from "./record-request.ts";
import type { Tell } from "./remarks.ts";
import { pair } from "./turns.ts";
import { isRecord } from "./values.ts";

const DEFAULT_INSTRUCTION = "Describe the image.";
/** Asked of rows that have only a class. */
export const CLASS_QUESTION = "What is this?";

/** One for each caption; undefined where there is none. `answer` is one without a question. */
export function captionTurns(request: RecordRequest, answer: Field | undefined): unknown[][] | undefined {
  const { fields, pictures, mapping, instruction = DEFAULT_INSTRUCTION, tell } = request;
  const picked = mapping.answer ?? mapping.label;
  const numbered =
    picked === undefined && answer === undefined && !fields.has("caption") ? fields.numbered("caption") : [];
  const found = picked === undefined && answer === undefined ? captionField(fields, numbered, tell) : answer;
  if (found === undefined) return undefined;
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
export function pairOfClass(request: RecordRequest): unknown[] {
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
