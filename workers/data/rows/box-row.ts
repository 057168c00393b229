/** A record's boxes, found by the names of its columns; the answer to a question about them is written once the picture is known. */
import { type BoxForm, formNamed } from "../boxes/forms.ts";
import { boxesInValue, type ClassNames, type FoundBoxes, numberOf } from "../boxes/found.ts";
import type { Size } from "../pictures/pixels.ts";
import { quoted } from "./column-words.ts";
import type { Fields } from "./fields.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import { type Message, messageText } from "./row.ts";
import { unpackJson } from "./turns.ts";
import { jsonText } from "./values.ts";

/** Asked of rows that have boxes and no question. */
export const FIND_QUESTION =
  "Find all objects in the image. Answer as a JSON list with the bbox_2d and the label of each.";

/** Stands where the answer will be: a conversation without an answer is none. */
export const BOXES_TO_COME = "[]";

export interface RecordBoxes extends FoundBoxes {
  /** Where they stand. */
  column: string;
  /** A conversation has marks in their places: they are no answer of their own. */
  inline?: true;
  /** The size in which they were drawn, where the record says it. */
  size: Size | undefined;
}

/** The boxes of a record; undefined where no column holds any. */
export function boxesOf(fields: Fields, classes: ClassNames, tell: Tell): RecordBoxes | undefined {
  const labels = fields.first("label")?.value;
  for (const { name, value } of fields.all("boxes")) {
    const found = boxesInValue(unpackJson(value), name, unpackJson(labels), classes);
    if (found) return { ...inForm(found, formOf(fields)), column: name, size: sizeOf(fields) };
  }
  const sides = fields.sides();
  const one = sides && boxesInValue({ ...(sides.value as object), label: labels }, "", undefined, classes);
  if (one) {
    tell(
      `the box in ${quoted(sides.name)} is the whole answer of its record, also where other records have boxes on the same picture`,
    );
    return { ...inForm(one, formOf(fields)), column: sides.name, size: sizeOf(fields) };
  }
  const empty = fields.emptyList("boxes");
  return empty === undefined ? undefined : { boxes: [], aside: {}, outlines: 0, column: empty, size: sizeOf(fields) };
}

/** What a column of its own says of the form. */
function formOf(fields: Fields): Partial<BoxForm> {
  const said = fields.first("boxFormat")?.value;
  return typeof said === "string" ? (formNamed(said) ?? {}) : {};
}

const inForm = (found: FoundBoxes, form: Partial<BoxForm>): FoundBoxes => ({
  ...found,
  boxes: found.boxes.map((box) => ({ ...box, form: { ...form, ...box.form } })),
});

function sizeOf(fields: Fields): Size | undefined {
  const [width, height] = (["width", "height"] as const).map((kind) => numberOf(fields.first(kind)?.value));
  return width! > 0 && height! > 0 ? { width: width!, height: height! } : undefined;
}

/** Where a conversation's texts have a box, and what it is of; as ms-swift writes them. */
const MARKS = /<bbox>|<ref-object>/g;
const marksIn = (text: string, mark: string): number => text.split(mark).length - 1;

/** Whether turns, as they are written in a record, have places for boxes. */
export const hasMarks = (turns: readonly unknown[]): boolean => turns.some((turn) => jsonText(turn).includes("<bbox>"));

/**
 * Messages with boxes and names in their places, in their order.
 * Throws a RowProblem "bad-row" where there are not as many places as boxes or names.
 */
export function withMarks(
  messages: readonly Message[],
  boxes: readonly (readonly number[])[],
  refs: readonly string[] = [],
): Message[] {
  const all = messages.map(messageText).join("");
  const asked: [number, number, string][] = [
    [marksIn(all, "<bbox>"), boxes.length, "<bbox>"],
    [marksIn(all, "<ref-object>"), refs.length, "<ref-object>"],
  ];
  for (const [places, there, mark] of asked) {
    // Names without places are labels of the boxes.
    if (places !== there && (mark === "<bbox>" || places > 0))
      throw new RowProblem(
        "bad-row",
        `The conversation has ${places} of ${mark}, and the row has ${there} to put there.`,
      );
  }
  const [nextBox, nextRef] = [boxes.values(), refs.values()];
  const filled = (mark: string): string =>
    mark === "<bbox>"
      ? `[${(nextBox.next().value as readonly number[]).join(", ")}]`
      : (nextRef.next().value as string);
  return messages.map(({ role, content }) => ({
    role,
    content: content.map((part) =>
      part.type === "text" ? { type: "text", text: part.text.replace(MARKS, filled) } : part,
    ),
  }));
}

/** Messages with the answer in its place. */
export function withBoxes(messages: readonly Message[], answer: string): Message[] {
  return messages.map((message, i) =>
    i === messages.length - 1 && message.role === "assistant"
      ? { ...message, content: [{ type: "text", text: answer }] }
      : message,
  );
}
