/** A question of the package -> messages as the chat template takes them, each picture with its place. */
import type { Message } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";
import { counted } from "../words.ts";
import type { Question } from "./protocol.ts";

const ROLES: readonly string[] = ["system", "user", "assistant"];

/**
 * The conversation, and the words of its system message apart: not every template has a place for them.
 * @throws TabTuneError "bad-argument" where pictures and image parts do not match, or the last message is no question
 */
export function conversationOf({ messages, images = [] }: Pick<Question, "messages" | "images">): {
  system: string;
  turns: Message[];
} {
  const unknown = messages.find(({ role }) => !ROLES.includes(role));
  if (unknown) throw refused(`A message has the role "${unknown.role}".`, "Use system, user and assistant.");
  const turns = messages.map(({ role, content }): Message => {
    const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
    return { role, content: [...parts] };
  });
  const [first] = turns;
  const system = first?.role === "system" ? turns.shift() : undefined;
  if (turns.some(({ role }) => role === "system")) {
    throw refused("A system message stands behind others.", "Put it first, and give one only.");
  }
  if (turns.at(-1)?.role !== "user") throw refused("The last message is no question.", "End with a user's message.");
  const places = turns.flatMap(({ content }) => content).filter(({ type }) => type === "image").length;
  if (places === 0)
    turns.find(({ role }) => role === "user")!.content.unshift(...images.map(() => ({ type: "image" as const })));
  else if (places !== images.length) {
    throw refused(
      `The messages have ${counted(places, "image part")}, and ${counted(images.length, "picture")} came along.`,
      "Give one picture for each image part, in their order.",
    );
  }
  const said = system?.content.map((part) => (part.type === "text" ? part.text : "")).join("") ?? "";
  return { system: said, turns };
}

const refused = (message: string, remedy: string): TabTuneError => new TabTuneError("bad-argument", message, remedy);
