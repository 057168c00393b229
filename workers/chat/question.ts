/** A row of data as a question to a model: what is asked, and what would be right. */
import { type Message, messageText, type Row } from "../data/rows/row.ts";

export interface Question {
  /** The conversation up to its last question, earlier answers as the data has them. */
  messages: Message[];
  /** The words of the last question. */
  text: string;
  /** Right answers; none where the row has none. */
  right: readonly string[];
}

/** The last question of a row; in its place `prompt`, where one is given, about the same pictures. */
export function questionOf({ messages, answers }: Pick<Row, "messages" | "answers">, prompt?: string): Question {
  const last = messages.at(-1)!;
  const answered = last.role === "assistant";
  const asked = answered ? messages.slice(0, -1) : [...messages];
  if (prompt !== undefined) {
    const { role, content } = asked.at(-1)!;
    const pictures = content.filter((part) => part.type === "image");
    asked[asked.length - 1] = { role, content: [...pictures, { type: "text", text: prompt }] };
  }
  return {
    messages: asked,
    text: messageText(asked.at(-1)!).trim(),
    right: answers ?? (answered ? [messageText(last)] : []),
  };
}
