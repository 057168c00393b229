/**
 * A conversation to token ids and, for each, whether it is prompt or answer. Answers are found for any chat template: the
 * conversation is rendered once more with a stand-in for one answer, and what differs is that answer. The characters become tokens
 * by prefix tokenisation: a prefix that ends where a marker ends is tokenised as it is inside the whole.
 */

import { TabTuneError } from "../../errors.ts";
import { counted } from "../../words.ts";
import { TokenKind } from "../example.ts";
import type { Message } from "../rows/row.ts";
import { type ChatTemplate, renderChat, standIn, standInAnswer } from "./chat-template.ts";
import { expandImageTokens, expandPlaces, imagePlaces } from "./slot-text.ts";
import { type TemplateTokens, type TextTokenizer, templateTokens } from "./tokenizer.ts";

export interface TokenizedChat {
  /** [T] ids, the image token repeated once per slot. */
  inputIds: Int32Array;
  /** [T] TokenKind */
  kinds: Uint8Array;
}

/**
 * Renders and tokenises a conversation.
 * @param placeholders ids that stand for each picture, in order
 * @throws TabTuneError "bad-row" when image tokens and pictures differ in number or the template refuses the conversation
 */
export function tokenizeChat(
  messages: readonly Message[],
  spec: { tokenizer: TextTokenizer; template: ChatTemplate },
  placeholders: readonly Int32Array[],
): TokenizedChat {
  const { tokenizer } = spec;
  const tokens = templateTokens(tokenizer);
  const text = renderChat(messages, spec.template, { addGenerationPrompt: false, ...tokens });
  const ids = tokenizer.encode(text);
  const kinds = new Uint8Array(ids.length).fill(TokenKind.text);
  for (const [start, end] of answerSpans(messages, spec.template, tokens)) {
    kinds.fill(TokenKind.response, tokensBefore(text, start, ids, tokenizer), tokensBefore(text, end, ids, tokenizer));
  }
  const places = imagePlaces(ids, tokenizer.imageTokenId);
  const around = places.map((place) => kinds[place]!);
  const never = new Set([tokenizer.bosId, tokenizer.imageTokenId]);
  // Where the padding token is the end token, it is a target like any other: padding is added later and masked by position.
  if (!tokenizer.endIds.includes(tokenizer.padId)) never.add(tokenizer.padId);
  for (let t = 0; t < ids.length; t++) if (never.has(ids[t]!)) kinds[t] = TokenKind.none;
  // More come from texts that write the token themselves; fewer than the conversation marks are not the row's doing.
  const marks = messages.flatMap(({ content }) => content).filter(({ type }) => type === "image").length;
  if (places.length < marks) {
    const [found, pictures] = [counted(places.length, "image token"), counted(marks, "picture")];
    throw new TabTuneError(
      "bad-row",
      `The chat template writes ${found} for the ${pictures} of this conversation.`,
      `Use a chat_template that writes ${tokenizer.imageToken} for each picture.`,
    );
  }
  const inputIds = expandImageTokens(ids, tokenizer.imageTokenId, placeholders);
  // Marks between a picture's slots are text like any other, of the turn that shows it.
  const pictures = placeholders.map((own, n) =>
    Uint8Array.from(own, (id) => (never.has(id) ? TokenKind.none : around[n]!)),
  );
  return { inputIds, kinds: expandPlaces(kinds, places, pictures) };
}

/**
 * Where the answers stand in the rendered conversation: [start, end) in UTF-16 units, from right after the marker (a space after
 * it belongs to the answer, as its first token holds it) through the token that ends it where the template writes one.
 * @throws TabTuneError "bad-row" when the template does not show an answer as one piece
 */
export function answerSpans(
  messages: readonly Message[],
  template: ChatTemplate,
  tokens: TemplateTokens,
): [start: number, end: number][] {
  const options = { addGenerationPrompt: false, ...tokens };
  const text = renderChat(messages, template, options);
  const spans: [number, number][] = [];
  messages.forEach((message, index) => {
    if (message.role !== "assistant") return;
    const marked = renderChat(messages.with(index, standInAnswer), template, options);
    const [before, after, ...more] = marked.split(standIn);
    const whole = before !== undefined && after !== undefined && more.length === 0;
    if (!whole || !text.startsWith(before) || !text.slice(before.length).endsWith(after)) {
      throw new TabTuneError(
        "bad-row",
        `The chat template does not show answer ${spans.length + 1} of this conversation as one piece.`,
        "Use another chat_template, or train on all text.",
      );
    }
    const start = before.endsWith(" ") ? before.length - 1 : before.length;
    const gap = after.length - after.trimStart().length;
    const end = tokens.endTokens.find((token) => after.startsWith(token, gap));
    const closing = end === undefined ? 0 : gap + end.length;
    spans.push([start, text.length - after.length + closing]);
  });
  return spans;
}

/** Number of leading tokens that lie before character `at`; a token across it does not. */
function tokensBefore(text: string, at: number, ids: Int32Array, tokenizer: TextTokenizer): number {
  if (at === text.length) return ids.length;
  const prefix = tokenizer.encode(text.slice(0, at));
  const differs = prefix.findIndex((id, t) => id !== ids[t]);
  return differs === -1 ? prefix.length : differs;
}
