/** The pieces of a chat template (`turnsOf`) in the languages of llama.cpp (Jinja) and Ollama (Go's text/template). */
import type { Turns } from "./turns.ts";

/** How a picture's mark begins in llama.cpp's messages, and how it ends: what stands between differs from server to server. */
const MARK = "<__media";
const MARK_END = "__>";

/** Literals are quoted as in JSON, which Jinja and Go read alike; what a template writes has no other escapes. */
const quote = (text: string): string => JSON.stringify(text);

/** For `tokenizer.chat_template`. Messages' contents are strings in which llama.cpp has put marks for pictures. */
export function jinjaOf({ first, system, next, ask, space, between, gap }: Turns): string {
  const open = ({ text, picture }: Turns["first"]): string =>
    text === picture
      ? `{{ ${quote(text)} }}`
      : `{% if message['content'].startswith(${quote(MARK)}) %}{{ ${quote(picture)} }}{% else %}{{ ${quote(text)} }}{% endif %}`;
  const replace = (from: string, to: string): string => ` | replace(${quote(from)}, ${quote(to)})`;
  const gaps = replace(MARK_END, MARK_END + gap);
  const inner = between === gap ? "" : replace(MARK_END + gap + MARK, MARK_END + between + MARK);
  const content =
    gap === "" && between === ""
      ? "{{ message['content'] }}"
      : `{% if ${quote(MARK)} in message['content'] %}{{ message['content']${gaps}${inner} }}` +
        "{% else %}{{ message['content'] }}{% endif %}";
  return [
    "{% for message in messages %}",
    system
      ? `{% if message['role'] == 'system' %}{{ ${quote(system.before)} }}{{ message['content'] }}{% endif %}`
      : "",
    "{% if message['role'] == 'user' %}",
    `{% if loop.index0 == 0 %}${open(first)}`,
    system ? `{% elif loop.index0 == 1 and messages[0]['role'] == 'system' %}${open(system.after)}` : "",
    `{% else %}${open(next)}{% endif %}`,
    `${content}{{ ${quote(ask)} }}`,
    `{% elif message['role'] == 'assistant' %}{{ ${quote(space)} }}{{ message['content'] }}{% endif %}`,
    "{% endfor %}",
  ].join("");
}

/** What stands beside a picture cannot be said there: Ollama puts it right before the question. */
export function goTemplateOf({ first, system, next, ask, space }: Turns): string {
  const write = (text: string): string => (text === "" ? "" : `{{ ${quote(text)} }}`);
  const beginning = system
    ? `{{ if .System }}${write(system.before)}{{ .System }}${write(system.after.text)}{{ else }}${write(first.text)}{{ end }}`
    : write(first.text);
  return [
    `{{ $more := false }}${beginning}`,
    '{{ range .Messages }}{{ if eq .Role "user" }}',
    `{{ if $more }}${write(next.text)}{{ end }}{{ $more = true }}{{ .Content }}${write(ask)}`,
    `{{ else if eq .Role "assistant" }}${write(space)}{{ .Content }}{{ end }}{{ end }}`,
  ].join("");
}

/** A Modelfile's own quotes take everything as it is; three of them may have single ones inside, and nothing can hold three. */
const raw = (text: string): string => (/["\r\n]/.test(text) ? `"""${text}"""` : `"${text}"`);

/** Whether a text that ends an answer can be written there at all. */
export const canStop = (text: string): boolean => !text.includes('"""') && !text.endsWith('"');

export interface ModelfileFacts {
  /** In the order in which Ollama takes them. */
  files: readonly string[];
  turns: Turns;
  /** Texts that end an answer. */
  stops: readonly string[];
  context: number;
  about: string;
}

/** Ollama's description of a model (its docs/modelfile.md; parser/parser.go takes a FROM for each file). */
export const modelfileOf = ({ files, turns, stops, context, about }: ModelfileFacts): string =>
  [
    `# ${about.replace(/\s+/g, " ")}`,
    "# ollama create NAME -f Modelfile",
    ...files.map((file) => `FROM ./${file}`),
    `TEMPLATE """${goTemplateOf(turns)}"""`,
    ...stops.filter(canStop).map((stop) => `PARAMETER stop ${raw(stop)}`),
    `PARAMETER num_ctx ${context}`,
    "",
  ].join("\n");

/** Whether Ollama's prompt with a picture is another than in training. */
export const ollamaDiffers = ({ first, gap }: Turns): boolean => gap !== "" || first.text !== first.picture;
