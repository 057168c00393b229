/**
 * What a chat template writes around messages, as pieces: for programs that have no list of parts. llama.cpp and Ollama put a picture's
 * mark and the question into one string, so a template that looks for parts of the type "image" would leave out what it writes beside a
 * picture in training.
 */

import type { Message } from "../../data/rows/row.ts";
import { type ChatTemplate, renderUncut } from "../../data/text/chat-template.ts";
import type { TemplateTokens } from "../../data/text/tokenizer.ts";

/** In front of a user's message, which may begin with a picture. */
interface Opening {
  text: string;
  picture: string;
}

export interface Turns {
  /** Of a conversation without a system message. */
  first: Opening;
  /** Of one with: before it, and between it and the first question. Undefined where the template has no place for one. */
  system: { before: string; after: Opening } | undefined;
  /** Between an answer and the next question. */
  next: Opening;
  /** Between a question and its answer, without a space at its end. */
  ask: string;
  /** That space, where there is one. */
  space: string;
  /** Between two pictures, and behind the last. */
  between: string;
  gap: string;
}

/** Private-use characters: no template has them. */
const [SYSTEM, FIRST, SECOND, ANSWER, ANSWER_2] = ["\uE0E1", "\uE0E2", "\uE0E3", "\uE0E4", "\uE0E5"];

/** Undefined where what a template writes is not a matter of roles and pictures alone. */
export function turnsOf(template: ChatTemplate, tokens: TemplateTokens, imageToken: string): Turns | undefined {
  const plain = conversation(template, tokens, { pictures: 0, system: false });
  const seen = conversation(template, tokens, { pictures: 1, system: false });
  if (!plain || !seen) return undefined;
  const first = opening(plain.first, seen.first, imageToken);
  const next = opening(plain.next, seen.next, imageToken);
  if (!first || !next || first.gap !== next.gap || plain.ask !== plain.ask2 || seen.ask !== plain.ask) return undefined;

  const ruled = conversation(template, tokens, { pictures: 0, system: true });
  const ruledSeen = conversation(template, tokens, { pictures: 1, system: true });
  const after = ruled && ruledSeen && opening(ruled.first, ruledSeen.first, imageToken);
  const space = plain.ask.endsWith(" ") ? " " : "";
  const two = conversation(template, tokens, { pictures: 2, system: false });
  const [picture, between, gap, ...more] = two?.first.split(imageToken) ?? [];
  if (picture !== first.opening.picture || between === undefined || gap !== first.gap || more.length > 0)
    return undefined;
  return {
    first: first.opening,
    system: after && ruled.before === ruledSeen.before ? { before: ruled.before, after: after.opening } : undefined,
    next: next.opening,
    ask: plain.ask.slice(0, plain.ask.length - space.length),
    ...{ space, between, gap },
  };
}

function opening(text: string, seen: string, imageToken: string): { opening: Opening; gap: string } | undefined {
  const [picture, gap, ...more] = seen.split(imageToken);
  return picture === undefined || gap === undefined || more.length > 0
    ? undefined
    : { opening: { text, picture }, gap };
}

/** Without what llama.cpp itself puts around each picture; undefined where a picture does not stand between these. */
export function withoutMarks(
  turns: Turns,
  [before, after]: readonly [before: string, after: string],
): Turns | undefined {
  const { first, next, system, between, gap } = turns;
  const pictures = [first, next, ...(system ? [system.after] : [])].map(({ picture }) => picture);
  if (![...pictures, between].every((text) => text.endsWith(before))) return undefined;
  if (![gap, between].every((text) => text.startsWith(after))) return undefined;
  const cut = (opening: Opening): Opening => ({ ...opening, picture: opening.picture.slice(0, -before.length) });
  return {
    ...turns,
    ...{ first: cut(first), next: cut(next), system: system && { ...system, after: cut(system.after) } },
    ...{ between: between.slice(after.length, -before.length), gap: gap.slice(after.length) },
  };
}

/** What stands between the messages of two questions and two answers. */
function conversation(
  template: ChatTemplate,
  { bosToken, eosToken }: TemplateTokens,
  { pictures, system }: { pictures: number; system: boolean },
) {
  const user = (text: string): Message => ({
    role: "user",
    content: [...Array.from({ length: pictures }, () => ({ type: "image" as const })), { type: "text", text }],
  });
  const say = (role: "system" | "assistant", text: string): Message => ({ role, content: [{ type: "text", text }] });
  const messages = [user(FIRST!), say("assistant", ANSWER!), user(SECOND!), say("assistant", ANSWER_2!)];
  let text: string;
  try {
    const all = system ? [say("system", SYSTEM!), ...messages] : messages;
    text = renderUncut(all, template, { addGenerationPrompt: false, bosToken, eosToken });
  } catch {
    // Templates refuse what they have no place for: a system message in many.
    return undefined;
  }
  const marks = [...(system ? [SYSTEM!] : []), FIRST!, ANSWER!, SECOND!, ANSWER_2!];
  const parts: string[] = [];
  for (const mark of marks) {
    const [before, rest, ...more] = text.split(mark);
    if (before === undefined || rest === undefined || more.length > 0) return undefined;
    parts.push(before);
    text = rest;
  }
  const before = system ? parts.shift()! : "";
  const [first, ask, next, ask2] = parts as [string, string, string, string];
  return { before, first, ask, next, ask2 };
}
