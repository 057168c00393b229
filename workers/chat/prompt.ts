/** A conversation of the page -> a prompt that ends where the answer begins. */

import { concatPixels } from "../data/example.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import type { RowPreparation } from "../data/prepare-example.ts";
import type { ContentPart, Message } from "../data/rows/row.ts";
import { promptAsTrained, renderChat } from "../data/text/chat-template.ts";
import { expandImageTokens, placeholderIds } from "../data/text/slot-text.ts";
import { templateTokens } from "../data/text/tokenizer.ts";
import type { ChatTurn } from "./conversation.ts";
import type { Prompt } from "./generate.ts";
import { takesSystem, withSystem } from "./system.ts";

export interface PromptOptions {
  /** Ids that the answer begins with: it goes on behind them. */
  begun?: readonly number[];
  /** As an adapter's answers began in training, else as the template asks for one. */
  asTrained?: boolean;
  /** Words that open the conversation; "" for none. */
  system?: string | undefined;
}

/**
 * Pictures stand before the words of their turn, as LLaVA was trained.
 * Throws "bad-image" for a picture that cannot be read.
 */
export async function chatPrompt(
  turns: readonly ChatTurn[],
  preparation: RowPreparation,
  options: PromptOptions = {},
): Promise<Prompt> {
  const { pictures } = preparation;
  const several = turns.reduce((sum, turn) => sum + turn.pictures.length, 0) > 1;
  const images: PreparedImage[] = [];
  const messages: Message[] = [];
  for (const turn of turns) {
    const content: ContentPart[] = [];
    for (const picture of turn.pictures) {
      images.push(await prepareImage(new Uint8Array(await picture.arrayBuffer()), pictures, several));
      content.push({ type: "image" });
    }
    content.push({ type: "text", text: turn.text });
    messages.push({ role: turn.role, content });
  }
  const { system = "" } = options;
  const systemRole = system !== "" && takesSystem(preparation.template);
  return promptOf(withSystem(messages, system, systemRole), images, preparation, options);
}

/** Messages up to a question, with a prepared picture for each image part. @throws TabTuneError "bad-row" as `renderChat` and `expandImageTokens` */
export function promptOf(
  messages: readonly Message[],
  images: readonly PreparedImage[],
  { tokenizer, template, pictures }: Omit<RowPreparation, "id">,
  { begun = [], asTrained = false }: PromptOptions = {},
): Prompt {
  const tokens = templateTokens(tokenizer);
  const text = asTrained
    ? promptAsTrained(messages, template, tokens)
    : renderChat(messages, template, { addGenerationPrompt: true, ...tokens });
  const ids = tokenizer.encode(text);
  const placeholders = images.map((image) => placeholderIds(pictures.placeholder(image), tokenizer));
  return {
    inputIds: Int32Array.from([...expandImageTokens(ids, tokenizer.imageTokenId, placeholders), ...begun]),
    images: [...images],
    pixels: concatPixels(images),
  };
}
