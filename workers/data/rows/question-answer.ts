/** A record with a question: which column it is, which one the answer, and the turns that they make with options and earlier turns. */
import { answerTexts } from "./answer-texts.ts";
import { multipleChoice } from "./choices.ts";
import { quoted } from "./column-words.ts";
import { isColumnOf } from "./columns.ts";
import type { Field, Fields } from "./fields.ts";
import { RowProblem } from "./problem.ts";
import { namesOf, type RecordRequest } from "./record-request.ts";
import { pair, roleOf, turnsIn, turnsOf, unpackList } from "./turns.ts";
import { isRecord, textOf } from "./values.ts";

/** The column of the question, with the input that belongs to an instruction. */
export function questionOf({ fields, mapping, tell }: RecordRequest): Field | undefined {
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
export function answerOf(
  { fields, mapping, columns, tell, toAnswer }: RecordRequest,
  hasQuestion: boolean,
): Field | undefined {
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
export function historyOf(fields: Fields): unknown[] {
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

/** The conversations of a question: one, or one for each answer. Throws RowProblems "bad-row" and, where there is no answer, "missing-text". */
export function askedTurns(request: RecordRequest, question: Field, answer: Field | undefined): unknown[][] {
  const { fields, columns, tell, toAnswer } = request;
  const before = turnsOf(question.value);
  const after = turnsOf(answer?.value);
  if (after?.some((turn) => roleOf(turn) !== "assistant")) return [before ? [...before, ...after] : after];
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
