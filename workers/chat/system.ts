/** A system prompt: words that open a conversation, as far as the model's chat template knows a place for them. */
import { type Message, messageText } from "../data/rows/row.ts";
import { type ChatTemplate, renderUncut, standIn } from "../data/text/chat-template.ts";

const say = (role: Message["role"], text: string): Message => ({ role, content: [{ type: "text", text }] });

/**
 * Whether a template has a system role. Some refuse one, some leave its words out, and those of LLaVA-1.5 and llava-v1.6-mistral print
 * whatever is no question as an answer.
 */
export function takesSystem(template: ChatTemplate): boolean {
  const opening = (role: Message["role"]): string | undefined => {
    const options = { addGenerationPrompt: false, bosToken: "", eosToken: "" };
    try {
      return renderUncut([say(role, standIn), say("user", "x")], template, options);
    } catch {
      // That is the answer: such a conversation cannot be had.
      return undefined;
    }
  };
  const text = opening("system");
  return text?.includes(standIn) === true && text !== opening("assistant");
}

/** A conversation under a system prompt ("" for none). Without a system role its words stand before the first question's, behind its pictures. */
export function withSystem(messages: readonly Message[], system: string, systemRole: boolean): Message[] {
  if (system === "") return [...messages];
  if (systemRole) return [say("system", system), ...messages];
  const [first, ...rest] = messages;
  if (!first) return [];
  const { role, content } = first;
  const pictures = content.filter(({ type }) => type === "image");
  return [{ role, content: [...pictures, { type: "text", text: `${system}\n\n${messageText(first)}` }] }, ...rest];
}
