/** A bound on the tokens of rows that nobody has tokenised. */
import type { RowPreparation } from "../prepare-example.ts";
import type { Message } from "../rows/row.ts";
import { renderChat } from "../text/chat-template.ts";
import { templateTokens } from "../text/tokenizer.ts";
import type { RowSizes } from "./stored-row.ts";

/**
 * No row of the index has more tokens, image slots included: a token takes at least a byte of text, and each pair of messages adds no more
 * of the template than a conversation of one pair has of it. Several times what rows really have; max_length bounds it further.
 */
export function mostTokens(
  { textBytes, messages, pictures }: RowSizes,
  { tokenizer, template, pictures: format }: Pick<RowPreparation, "tokenizer" | "template" | "pictures">,
): number {
  const say = (role: Message["role"]): Message => ({ role, content: [{ type: "text", text: "x" }] });
  const pair = renderChat([say("user"), say("assistant")], template, {
    addGenerationPrompt: false,
    ...templateTokens(tokenizer),
  });
  const perPair = new TextEncoder().encode(pair).length;
  return textBytes + Math.ceil((messages + 1) / 2) * perPair + pictures * (format.mostSlots + perPair);
}
