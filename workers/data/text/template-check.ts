/** What a chat template does to a small conversation, seen once when a model is opened: its faults are the model's, not those of every row. */
import { TabTuneError } from "../../errors.ts";
import type { ContentPart, Message } from "../rows/row.ts";
import { type ChatTemplate, endsAnswers, promptAsTrained, renderChat } from "./chat-template.ts";
import { imagePlaces } from "./slot-text.ts";
import { type TextTokenizer, templateTokens } from "./tokenizer.ts";

const another = "a template that does can be given as chat_template.";

/**
 * What the user should know of a template before training.
 * @throws TabTuneError "bad-recipe" (the recipe's template) or "unsupported-model" where it renders nothing, or where what it writes
 *   for a picture is not the image token of config.json
 */
export function templateNotes(template: ChatTemplate, tokenizer: TextTokenizer): string[] {
  const notes: string[] = [];
  if (!ends(template, tokenizer)) {
    notes.push(
      `The chat template never writes ${tokenizer.eosToken} after an answer, so a model trained with it does not learn to stop; ${another}`,
    );
  }
  const [asked, trained] = promptsOf(template, tokenizer) ?? ["", ""];
  if (asked !== trained) {
    const [one, other] = [asked, trained].map((text) => JSON.stringify(text.slice(commonStart(asked, trained))));
    notes.push(
      `The chat template asks for an answer with ${one} where a conversation has ${other}: answers are trained behind the latter, and the chat here asks the adapter so; elsewhere the prompt has to end in it too.`,
    );
  }
  if (!writesPictures(template, tokenizer)) {
    notes.push(`The chat template writes nothing for a picture, so rows with pictures cannot be used; ${another}`);
  }
  return notes;
}

function ends(template: ChatTemplate, tokenizer: TextTokenizer): boolean {
  try {
    return endsAnswers(template, templateTokens(tokenizer));
  } catch (cause) {
    if (!(cause instanceof TabTuneError && cause.cause instanceof Error)) throw cause;
    throw fault(template, `cannot render a question and its answer (${cause.cause.message})`, cause);
  }
}

/** A question up to its answer: as the template asks for one, and as it is in training; undefined where it takes no question alone. */
function promptsOf(template: ChatTemplate, tokenizer: TextTokenizer): [asked: string, trained: string] | undefined {
  const question: Message[] = [{ role: "user", content: [{ type: "text", text: "x" }] }];
  const tokens = templateTokens(tokenizer);
  let asked: string;
  try {
    asked = renderChat(question, template, { addGenerationPrompt: true, ...tokens });
  } catch {
    // Whoever asks for an answer is told why; training does not.
    return undefined;
  }
  return [asked, promptAsTrained(question, template, tokens)];
}

/** Where two texts begin to differ, at the border of the line or word before. */
function commonStart(a: string, b: string): number {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  return a.slice(0, same).search(/[^\s>]*\s*$/);
}

/** Whether a picture gets its one image token; false where the template leaves pictures out. */
function writesPictures(template: ChatTemplate, tokenizer: TextTokenizer): boolean {
  const { imageTokenId, imageToken, encodeSpecial } = tokenizer;
  const render = (...content: ContentPart[]): string => {
    const messages: Message[] = [
      { role: "user", content: [...content, { type: "text", text: "x" }] },
      { role: "assistant", content: [{ type: "text", text: "x" }] },
    ];
    return renderChat(messages, template, { addGenerationPrompt: false, ...templateTokens(tokenizer) });
  };
  const text = render({ type: "image" });
  const count = imagePlaces(Int32Array.from(encodeSpecial(text)), imageTokenId).length;
  if (count === 1) return true;
  if (count > 1)
    throw fault(template, `writes the image token ${imageToken} (${imageTokenId}) ${count} times for a picture`);
  const written = added(text, render()).trim();
  if (written === "") return false;
  const ids = encodeSpecial(written);
  const read = ids.length === 1 ? `the token ${ids[0]}` : `${ids.length} tokens (${ids.slice(0, 8).join(", ")})`;
  throw fault(
    template,
    `writes ${JSON.stringify(written.slice(0, 100))} for a picture, ${read} of the tokenizer, and the image token of config.json (image_token_index) is ${imageTokenId}, ${JSON.stringify(imageToken)}`,
  );
}

/** What `longer` has and `shorter` does not, where one piece was put in. */
function added(longer: string, shorter: string): string {
  let from = 0;
  while (from < shorter.length && longer[from] === shorter[from]) from++;
  return longer.slice(from, Math.max(from, longer.length - (shorter.length - from)));
}

function fault({ origin }: ChatTemplate, what: string, cause?: unknown): TabTuneError {
  const options = cause === undefined ? undefined : { cause };
  if (origin === "recipe") {
    const remedy = "Correct it, or leave chat_template out of the recipe to use the model's own.";
    return new TabTuneError("bad-recipe", `The recipe's chat_template ${what}.`, remedy, "", options);
  }
  const remedy =
    "Take config.json, the tokenizer's files and the chat template from one revision of the model, or give a chat_template in the recipe.";
  return new TabTuneError("unsupported-model", `The model's chat template ${what}.`, remedy, "", options);
}
