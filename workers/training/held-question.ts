/** A held-out row as a question: what stands before its last answer is the prompt, exactly as in training. */
import type { Prompt } from "../chat/generate.ts";
import { type Question, questionOf } from "../chat/question.ts";
import { type Example, TokenKind } from "../data/example.ts";
import type { RowTexts } from "../data/rows/row.ts";

export interface HeldQuestion {
  prompt: Prompt;
  /** Of the row's own answer, its end token among them. */
  answerTokens: number;
}

/** Undefined of a row without an answer, and of one that shows a picture behind its last answer. */
export function heldQuestion(example: Example, { imageTokenId }: { imageTokenId: number }): HeldQuestion | undefined {
  const { inputIds, kinds, images, pixels } = example;
  const end = kinds.lastIndexOf(TokenKind.response) + 1;
  let start = end;
  while (start > 0 && kinds[start - 1] === TokenKind.response) start -= 1;
  if (start === 0 || inputIds.indexOf(imageTokenId, start) >= 0) return undefined;
  return { prompt: { inputIds: inputIds.slice(0, start), images, pixels }, answerTokens: end - start };
}

/** The question before the last answer of a conversation, in words, and what would be right. An empty answer is none. */
export function conversationQuestion({ messages, answers }: RowTexts): Pick<Question, "text" | "right"> {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  if (last < 0) return { text: "", right: [] };
  // Several people's answers are to the last question of all.
  const several = answers && last === messages.length - 1 ? { answers } : {};
  const { text, right } = questionOf({ messages: messages.slice(0, last + 1), ...several });
  return { text, right: right.map((one) => one.trim()).filter((one) => one !== "") };
}
