/** How an answer is asked for as it was in training, for who asks elsewhere: transformers has a template's own prompt for an answer. */
import type { Message } from "../rows/row.ts";
import { type ChatTemplate, promptAsTrained, renderUncut } from "./chat-template.ts";
import { type TextTokenizer, templateTokens } from "./tokenizer.ts";

export interface Prompting {
  /** Jinja, where transformers' processor does not find it in the checkpoint's files. */
  template?: string | undefined;
  /** Whether messages are lists of parts; other templates take one string, with `<image>` in it. */
  takesParts: boolean;
  /** Whether the template's own prompt for an answer is what stands before answers in training. */
  asksAsTrained: boolean;
  /** The template writes the first token, and the tokenizer would put another in front. */
  writesBos: boolean;
  /** Any of these ends an answer. */
  endIds: number[];
}

/** `inFiles`: the processor has the template from its own files. */
export function promptingOf(
  template: ChatTemplate,
  tokenizer: TextTokenizer,
  { inFiles, endIds }: { inFiles: boolean; endIds: readonly number[] },
): Prompting {
  const { bosToken, eosToken, addsBos } = tokenizer;
  const asked = askedFor(template, { bosToken, eosToken });
  const trained = promptAsTrained(question, template, templateTokens(tokenizer));
  const writesBos = addsBos && trained !== promptAsTrained(question, template, { bosToken, eosToken, endTokens: [] });
  return {
    ...(inFiles ? {} : { template: template.jinja }),
    takesParts: template.takesParts,
    asksAsTrained: asked === (writesBos ? bosToken : "") + trained,
    writesBos,
    endIds: [...endIds],
  };
}

const question: Message[] = [{ role: "user", content: [{ type: "text", text: "x" }] }];

/** The template's prompt for an answer; undefined where it takes no question alone: whoever asks for an answer is told why. */
function askedFor(template: ChatTemplate, tokens: { bosToken: string; eosToken: string }): string | undefined {
  try {
    return renderUncut(question, template, { addGenerationPrompt: true, ...tokens });
  } catch {
    return undefined;
  }
}
