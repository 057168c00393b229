/** What llama.cpp's templates write, held against the template that training wrote with. */
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";
import { expect, test } from "vitest";
import type { Message } from "../../data/rows/row.ts";
import { type ChatTemplate, compileTemplate, renderUncut } from "../../data/text/chat-template.ts";
import { families } from "../../models/registry.ts";
import { goTemplateOf, jinjaOf, modelfileOf, ollamaDiffers } from "./templates.ts";
import { type Turns, turnsOf } from "./turns.ts";

const tokens = { bosToken: "", eosToken: "</s>", endTokens: ["</s>"] };
const image = "<image>";
const golden = (name: string): string => {
  const file = new URL(`../../testing/goldens/${name}/model/chat_template.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).chat_template;
};

/** Every family's own template, those of published checkpoints, and one that takes strings. */
const templates: [string, string][] = [
  ["llava", families.get("llava")!.chatTemplate({})],
  ["llava on mistral", families.get("llava")!.chatTemplate({ text_config: { model_type: "mistral" } })],
  ["llava on qwen2", families.get("llava")!.chatTemplate({ text_config: { model_type: "qwen2" } })],
  ["smolvlm", families.get("smolvlm")!.chatTemplate({})],
  ["smolvlm's file", golden("smolvlm")],
  ["llava-interleave's file", golden("llava-qwen")],
  ["strings", "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"],
];

const say = (role: Message["role"], text: string): Message => ({ role, content: [{ type: "text", text }] });
const show = (pictures: number, text: string): Message => ({
  role: "user",
  content: [...Array.from({ length: pictures }, () => ({ type: "image" as const })), { type: "text", text }],
});

/** As llama.cpp makes strings of parts, with its mark for pictures. */
const asStrings = (messages: readonly Message[]) =>
  messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => (part.type === "text" ? part.text : "<__media_a1B2__>")).join(""),
  }));

/** Up to where the next answer begins, as training has it: without a space at the end. */
function trained(messages: readonly Message[], template: ChatTemplate): string {
  const all = [...messages, say("assistant", "\uE0AA")];
  const text = renderUncut(all, template, { addGenerationPrompt: false, ...tokens }).split("\uE0AA")[0]!;
  return (text.endsWith(" ") ? text.slice(0, -1) : text).replaceAll(image, "<__media_a1B2__>");
}

const conversations: [string, Message[]][] = [
  ["a question", [say("user", "Q 1?")]],
  ["a picture and a question", [show(1, "Q 1?")]],
  ["two pictures", [show(2, "Q 1?")]],
  ["three pictures", [show(3, "Q 1?")]],
  ["two turns", [say("user", "Q 1?"), say("assistant", "A, 1."), say("user", "Q\n2?")]],
  ["a picture, then text", [show(1, "Q 1?"), say("assistant", "A, 1."), say("user", "Q\n2?")]],
  ["text, then a picture", [say("user", "Q 1?"), say("assistant", "A __> 1."), show(1, "Q 2?")]],
  ["three turns", [show(1, "a"), say("assistant", "b"), show(2, "c"), say("assistant", "d"), say("user", "e")]],
];

test.each(templates)("%s: llama.cpp's prompt is the one that training wrote", (_, jinja) => {
  const template = compileTemplate(jinja, "checkpoint");
  const turns = turnsOf(template, tokens, image);
  expect(turns).toBeDefined();
  const written = new Template(jinjaOf(turns!));
  for (const [what, messages] of conversations) {
    expect([what, written.render({ messages: asStrings(messages), add_generation_prompt: true })]).toEqual([
      what,
      trained(messages, template),
    ]);
  }
  if (!turns!.system) return;
  const messages = [say("system", "Be short."), show(1, "Q?"), say("assistant", "A."), say("user", "R?")];
  expect(written.render({ messages: asStrings(messages) })).toBe(trained(messages, template));
});

// Mistral's writes it between picture and question, where strings have no place.
test("which templates have a place for a system message", () => {
  const has = templates.map(([name, jinja]) => [
    name,
    !!turnsOf(compileTemplate(jinja, "family"), tokens, image)!.system,
  ]);
  expect(Object.fromEntries(has)).toMatchObject({ llava: true, "llava on mistral": false, smolvlm: true });
});

test("a template that counts its turns has no such pieces", () => {
  const counting =
    "{% for m in messages %}{{ loop.index }}{% for p in m['content'] %}{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}{% endfor %}{% endfor %}";
  expect(turnsOf(compileTemplate(counting, "recipe"), tokens, image)).toBeUndefined();
});

/** Go's text/template as far as the Modelfile uses it. */
function runGo(template: string, messages: { Role: string; Content: string }[], system = ""): string {
  const out: string[] = [];
  const vars: Record<string, boolean> = {};
  const actions = template.split(/({{(?:"(?:[^"\\]|\\.)*"|[^"}])*}})/).filter((part) => part !== "");
  type Scope = { Role?: string; Content?: string };
  function block(at: number, scope: Scope, live: boolean): number {
    let i = at;
    while (i < actions.length) {
      const part = actions[i]!;
      if (!part.startsWith("{{")) throw new Error(`bare text: ${part}`);
      const code = part.slice(2, -2).trim();
      if (code === "end" || code.startsWith("else")) return i;
      i++;
      if (code.startsWith('"')) {
        if (live) out.push(JSON.parse(code));
      } else if (code === ".Content" || code === ".System") {
        if (live) out.push(code === ".System" ? system : scope.Content!);
      } else if (/^\$more :?= /.test(code)) {
        if (live) vars.more = code.endsWith("true");
      } else if (code === "range .Messages") {
        const from = i;
        i = block(from, {}, false) + 1;
        if (live) for (const message of messages) block(from, message, true);
      } else if (code.startsWith("if ")) {
        let chosen = false;
        let condition: string | undefined = code.slice(3);
        while (condition !== undefined) {
          const role = /^eq \.Role "(\w+)"$/.exec(condition)?.[1];
          const holds =
            condition === "" || (role ? scope.Role === role : condition === ".System" ? system !== "" : vars.more);
          i = block(i, scope, live && !chosen && holds === true);
          chosen ||= holds === true;
          const next = actions[i]!.slice(2, -2).trim();
          i++;
          condition = next === "end" ? undefined : next.replace(/^else( if )?/, "");
        }
      } else throw new Error(`not known: ${code}`);
    }
    return i;
  }
  block(0, {}, true);
  return out.join("");
}

test.each(templates)("%s: Ollama's prompt without pictures is the one that training wrote", (_, jinja) => {
  const template = compileTemplate(jinja, "checkpoint");
  const turns = turnsOf(template, tokens, image) as Turns;
  for (const [what, messages] of conversations.filter(([, m]) => m.every(({ content }) => content.length === 1))) {
    const list = messages.map(({ role, content }) => ({ Role: role, Content: (content[0] as { text: string }).text }));
    expect([what, runGo(goTemplateOf(turns), list)]).toEqual([what, trained(messages, template)]);
  }
  if (!turns.system) return;
  const messages = [say("system", "Be short."), say("user", "Q?")];
  const list = messages.map(({ role, content }) => ({ Role: role, Content: (content[0] as { text: string }).text }));
  expect(runGo(goTemplateOf(turns), list, "Be short.")).toBe(trained(messages, template));
});

test("a Modelfile names its files, what ends an answer, and how much fits", () => {
  const turns = turnsOf(compileTemplate(templates[0]![1], "family"), tokens, image)!;
  expect(ollamaDiffers(turns)).toBe(false);
  const text = modelfileOf({
    files: ["a.gguf", "b.gguf"],
    turns,
    stops: ["</s>", '"end" of it'],
    context: 512,
    about: "x",
  });
  expect(text.split("\n").filter((line) => !line.startsWith("TEMPLATE"))).toEqual([
    "# x",
    "# ollama create NAME -f Modelfile",
    "FROM ./a.gguf",
    "FROM ./b.gguf",
    'PARAMETER stop "</s>"',
    'PARAMETER stop """"end" of it"""',
    "PARAMETER num_ctx 512",
    "",
  ]);
});
