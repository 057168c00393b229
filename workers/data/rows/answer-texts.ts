/** The cell of an answer or a caption -> the texts that become rows, and those that count as right beside them. */
import { chosenOf, type SeveralAnswers, textsOf, votesIn } from "./answers.ts";
import { quoted, quotedList } from "./column-words.ts";
import type { Field } from "./fields.ts";
import type { RecordRequest } from "./record-request.ts";
import { unpackList } from "./turns.ts";
import { jsonText, keyText } from "./values.ts";

/** Those of an answer, each of which becomes a row; one that is empty where its list is. */
export function answerTexts(request: RecordRequest, answer: Field): string[] {
  const { tell } = request;
  if (typeof answer.value === "boolean")
    tell(`the answer in ${quoted(answer.name)} is true or false and is written so`);
  const texts = textsIn(request, answer, "The answer");
  if (texts.length === 1) request.answers = votesBeside(request, answer.name, texts[0]!);
  if (request.answers.length === 0) tellOtherAnswers(request, answer, texts);
  return texts.length === 0 ? [""] : takenOf(request, texts, "answers", answer.name, "most-frequent");
}

/** Other columns that may as well be the answer, and say something else. */
function tellOtherAnswers(
  { fields, mapping, toAnswer, tell }: RecordRequest,
  answer: Field,
  texts: readonly string[],
): void {
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
function votesBeside({ fields, toAnswer, tell }: RecordRequest, column: string, taken: string): string[] {
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
export function takenOf(
  request: RecordRequest,
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
export function textsIn(request: RecordRequest, { name, value }: Field, what: string): string[] {
  const texts = textsOf(severalIn(name) ? unpackList(value) : value, what, request.tell);
  const filled = texts.length > 1 ? texts.filter((text) => text.trim() !== "") : texts;
  request.several = filled.length > 1;
  return filled;
}

/** A cell under a name in the plural may hold a list as text; under another name such a text is what the author wrote. */
const severalIn = (name: string): boolean => /s$|^raw$|^caption$/i.test(name);
