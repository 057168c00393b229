/** Messages to text by a Jinja chat template: the recipe's, else the checkpoint's own, else the one of its family. */
import { TabTuneError, wordsOf } from "../../errors.ts";
import type { ContentPart, Message } from "../rows/row.ts";
import { BoundedTemplate, TooMuch } from "./bounded-template.ts";
import type { TemplateTokens } from "./tokenizer.ts";

export interface ChatTemplate {
  jinja: string;
  origin: "recipe" | "checkpoint" | "family";
  compiled: BoundedTemplate;
  /** Whether the template walks over content parts; others expect each message's content to be one string. */
  takesParts: boolean;
}

export interface TemplateSources {
  /** Recipe key `chat_template`. */
  explicit?: string | null | undefined;
  /** Texts of the checkpoint's files, undefined where it has none. */
  chatTemplateJinja?: string | undefined;
  chatTemplateJson?: string | undefined;
  tokenizerConfigJson?: string | undefined;
  /** Jinja, where nobody else has one. */
  family: string;
}

/**
 * Picks and compiles the template. Of a checkpoint's files chat_template.jinja comes first, then chat_template.json, then
 * tokenizer_config.json, as in transformers.
 * @throws TabTuneError "bad-recipe" (the recipe's template), "unsupported-model" (the checkpoint's) when it is not valid Jinja
 */
export function chooseTemplate(sources: TemplateSources): ChatTemplate {
  if (sources.explicit != null) return compileTemplate(sources.explicit, "recipe");
  const own =
    sources.chatTemplateJinja ??
    templateIn("chat_template.json", sources.chatTemplateJson) ??
    templateIn("tokenizer_config.json", sources.tokenizerConfigJson);
  return own === undefined ? compileTemplate(sources.family, "family") : compileTemplate(own, "checkpoint");
}

/** @throws TabTuneError "bad-recipe" or, for a checkpoint's template, "unsupported-model" */
export function compileTemplate(jinja: string, origin: ChatTemplate["origin"]): ChatTemplate {
  try {
    const compiled = new BoundedTemplate(jinja);
    return { jinja, origin, compiled, takesParts: takesParts(compiled, jinja) };
  } catch (cause) {
    const whose = origin === "recipe" ? "The recipe's chat_template" : "The checkpoint's chat template";
    throw new TabTuneError(
      origin === "recipe" ? "bad-recipe" : "unsupported-model",
      `${whose} is not a Jinja template that can be used (${wordsOf(cause)}).`,
      "Correct it, or leave chat_template out of the recipe to use the usual one.",
      "",
      { cause },
    );
  }
}

/**
 * Whether a template walks over content parts, tried on a small conversation: its texts must come out, and not the list as it is
 * written down. Where neither parts nor strings render, a template that speaks of types is given parts.
 */
function takesParts(compiled: BoundedTemplate, jinja: string): boolean {
  // Private-use characters: no template has them.
  const [text, extra] = ["\uE0F3", "\uE0F4"];
  const ofParts = tryToRender(compiled, [{ type: "text", text, extra }]);
  if (ofParts.includes(text) && !ofParts.includes(extra)) return true;
  return !tryToRender(compiled, text).includes(text) && /\btype\b/.test(jinja);
}

/** A question and its answer of this content, with a system message where the template does not do without; "" where it refuses both. */
function tryToRender(compiled: BoundedTemplate, content: unknown): string {
  for (const roles of [
    ["user", "assistant"],
    ["system", "user", "assistant"],
  ]) {
    try {
      const messages = roles.map((role) => ({ role, content }));
      return compiled.render({ messages, add_generation_prompt: false, bos_token: "", eos_token: "" });
    } catch (error) {
      // Of what it refuses whoever renders a row is told why; what two words cost too much for is no template.
      if (error instanceof TooMuch) throw error;
    }
  }
  return "";
}

interface RenderOptions {
  /** End with the answer's marker, so that a model goes on with the answer. */
  addGenerationPrompt: boolean;
  /** What `{{ bos_token }}` prints (`templateTokens` in tokenizer.ts). */
  bosToken: string;
  eosToken: string;
}

/**
 * Renders a conversation. Of a prompt for an answer one space at the end is cut: a lone space is a token of its own that training never
 * saw after the marker.
 * @throws TabTuneError "bad-row" when the template refuses the conversation
 */
export function renderChat(messages: readonly Message[], template: ChatTemplate, options: RenderOptions): string {
  const text = renderUncut(messages, template, options);
  return options.addGenerationPrompt && text.endsWith(" ") ? text.slice(0, -1) : text;
}

/** The same to the last character, as transformers renders it. */
export function renderUncut(
  messages: readonly Message[],
  template: ChatTemplate,
  { addGenerationPrompt, bosToken, eosToken }: RenderOptions,
): string {
  try {
    return template.compiled.render({
      messages: messages.map(({ role, content }) => ({
        role,
        content: template.takesParts ? content : joinParts(content),
      })),
      add_generation_prompt: addGenerationPrompt,
      bos_token: bosToken,
      eos_token: eosToken,
    });
  } catch (cause) {
    throw new TabTuneError(
      "bad-row",
      `The chat template cannot render this conversation (${wordsOf(cause)}).`,
      "Let user and assistant take turns, or use another chat_template.",
      "",
      { cause },
    );
  }
}

/** Private-use characters: no text has them, and no template changes them. */
export const standIn = "\uE0F1\uE0F2\uE0F1";

/** An answer that is nothing but `standIn`. */
export const standInAnswer: Message = { role: "assistant", content: [{ type: "text", text: standIn }] };

/**
 * A conversation up to where its next answer begins, as it is in training: what a template writes before an answer that is there. Its
 * own prompt for an answer (`addGenerationPrompt`) may be another, which a model that was trained on answers has not seen.
 */
export function promptAsTrained(messages: readonly Message[], template: ChatTemplate, tokens: TemplateTokens): string {
  const options = { addGenerationPrompt: false, ...tokens };
  const before = renderChat([...messages, standInAnswer], template, options).split(standIn)[0]!;
  return before.endsWith(" ") ? before.slice(0, -1) : before;
}

/** Whether answers end with a token that ends them. A model trained with a template that leaves it out does not learn to stop. */
export function endsAnswers(template: ChatTemplate, tokens: TemplateTokens): boolean {
  const say = (role: Message["role"]): Message => ({ role, content: [{ type: "text", text: "x" }] });
  const options = { addGenerationPrompt: false, ...tokens };
  const text = renderChat([say("user"), say("assistant")], template, options).trimEnd();
  return tokens.endTokens.some((token) => text.endsWith(token));
}

function joinParts(content: readonly ContentPart[]): string {
  return content.map((part) => (part.type === "text" ? part.text : "<image>\n")).join("");
}

/** The field `chat_template` of a JSON file: a string, or a list of named ones, of which "default" counts. */
function templateIn(file: string, json: string | undefined): string | undefined {
  if (json === undefined) return undefined;
  let template: unknown;
  try {
    template = JSON.parse(json)?.chat_template;
  } catch (cause) {
    const remedy = "Download the file again, or give a chat_template in the recipe.";
    throw new TabTuneError("unsupported-model", `${file} is not valid JSON.`, remedy, "", { cause });
  }
  if (Array.isArray(template)) template = template.find((entry) => entry?.name === "default")?.template;
  return typeof template === "string" ? template : undefined;
}
