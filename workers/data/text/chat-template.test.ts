import { describe, expect, test } from "vitest";
import { chatTemplates } from "../../models/llava/chat-template.ts";
import { goldenCases, goldenExpected, goldenFolder, goldenText } from "../../testing/oracle-folder.ts";
import type { Message } from "../rows/row.ts";
import { chooseTemplate, compileTemplate, endsAnswers, renderChat } from "./chat-template.ts";
import golden from "./fixtures/chats.json" with { type: "json" };

const chats = golden.chats as Record<string, Message[]>;
const templates = golden.templates as Record<string, string>;
const tokens = { bosToken: "", eosToken: "</s>", endTokens: ["</s>"] };
const system =
  "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. ";

test.each(golden.rendered)(
  "$template / $chat: text and prompt as Python's jinja2",
  ({ template, chat, text, generation }) => {
    const compiled = compileTemplate(templates[template]!, "recipe");
    expect(renderChat(chats[chat]!, compiled, { addGenerationPrompt: false, ...tokens })).toBe(text);
    const prompt = renderChat(chats[chat]!.slice(0, -1), compiled, { addGenerationPrompt: true, ...tokens });
    expect(prompt).toBe(generation.replace(/ $/, ""));
  },
);

describe("family templates", () => {
  test.each([
    ["llama", "llava era A"],
    ["mistral", "mistral"],
  ] as const)("%s gives the text of “%s”, and the same prompt", (family, name) => {
    const ours = chooseTemplate({ family: chatTemplates[family] });
    const theirs = compileTemplate(templates[name]!, "recipe");
    expect(ours.origin).toBe("family");
    for (const chat of ["one turn", "three turns", "no picture, odd characters", "two pictures"]) {
      for (const addGenerationPrompt of [false, true]) {
        const options = { addGenerationPrompt, ...tokens };
        expect(renderChat(chats[chat]!, ours, options)).toBe(renderChat(chats[chat]!, theirs, options));
      }
    }
  });

  test("a system message takes its place", () => {
    const options = { addGenerationPrompt: false, ...tokens };
    expect(renderChat(chats.system!, chooseTemplate({ family: chatTemplates.llama }), options)).toBe(
      "You are brief. USER: <image>What? ASSISTANT: Cat.</s>",
    );
    expect(renderChat(chats.system!, chooseTemplate({ family: chatTemplates.mistral }), options)).toBe(
      "[INST] <image>\nYou are brief.\n\nWhat? [/INST] Cat.</s>",
    );
  });

  test("a prompt ends in the marker, without a space", () => {
    const options = { addGenerationPrompt: true, ...tokens };
    const question: Message[] = [{ role: "user", content: [{ type: "text", text: "Hi" }] }];
    expect(renderChat(question, chooseTemplate({ family: chatTemplates.llama }), options)).toBe(
      `${system}USER: Hi ASSISTANT:`,
    );
    expect(renderChat(question, chooseTemplate({ family: chatTemplates.mistral }), options)).toBe("[INST] Hi [/INST]");
  });
});

describe("which template is taken", () => {
  const config = JSON.stringify({ chat_template: "config" });
  const json = JSON.stringify({ chat_template: "json" });
  const named = JSON.stringify({
    chat_template: [
      { name: "rag", template: "no" },
      { name: "default", template: "named" },
    ],
  });
  test.each([
    ["the recipe's", { explicit: "mine", chatTemplateJson: json, tokenizerConfigJson: config }, "mine", "recipe"],
    [
      "chat_template.jinja",
      { explicit: null, chatTemplateJinja: "jinja", chatTemplateJson: json },
      "jinja",
      "checkpoint",
    ],
    ["chat_template.json", { chatTemplateJson: json, tokenizerConfigJson: config }, "json", "checkpoint"],
    ["tokenizer_config.json", { tokenizerConfigJson: config }, "config", "checkpoint"],
    ["the default of a list", { tokenizerConfigJson: named }, "named", "checkpoint"],
    ["the family's", { chatTemplateJson: "{}", tokenizerConfigJson: "{}" }, chatTemplates.llama, "family"],
  ])("%s", (_, sources, jinja, origin) => {
    expect(chooseTemplate({ family: chatTemplates.llama, ...sources })).toMatchObject({ jinja, origin });
  });
});

describe("parts or one string", () => {
  const each = (body: string) => `{% for m in messages %}${body}{% endfor %}`;
  const walk = (type: string, text: string) =>
    each(
      `{{ m['role'] }}:{% for item in m['content'] %}{% if ${type} == 'image' %}<image>\n{% elif ${type} == 'text' %}{{ ${text} }}{% endif %}{% endfor %};`,
    );
  test.each<[string, string, boolean]>([
    ["item['type']", walk("item['type']", "item['text']"), true],
    ["item.type", walk("item.type", "item.text"), true],
    ["item.get('type')", walk("item.get('type')", "item.get('text')"), true],
    ["a name of its own", walk("item[kind]", "item.text").replace(/^/, "{% set kind = 'type' %}"), true],
    [
      "a test of the keys",
      each(
        "{{ m.role }}:{% for p in m.content %}{% if 'text' in p %}{{ p.text }}{% else %}<image>\n{% endif %}{% endfor %};",
      ),
      true,
    ],
    [
      "either",
      each(
        "{{ m.role }}:{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ p.text or '<image>\n' }}{% endfor %}{% endif %};",
      ),
      true,
    ],
    ["strings", each("{{ m['role'] }}:{{ m['content'] }};"), false],
    ["strings that are put together", each("{{ m['role'] + ':' + m['content'] + ';' }}"), false],
    ["strings that are trimmed", each("{{ m['role'] }}:{{ m['content'].strip() }};"), false],
    ["strings, with a word like .type", each("{# m.type #}{{ m['role'] }}:{{ m['content'] | trim }};"), false],
  ])("%s", (_, jinja, takesParts) => {
    const template = compileTemplate(jinja, "recipe");
    expect(template.takesParts).toBe(takesParts);
    const messages: Message[] = [
      { role: "user", content: [{ type: "image" }, { type: "text", text: "What?" }] },
      { role: "assistant", content: [{ type: "text", text: "A dot." }] },
    ];
    expect(renderChat(messages, template, { addGenerationPrompt: false, ...tokens })).toBe(
      "user:<image>\nWhat?;assistant:A dot.;",
    );
  });

  test.each([
    ["{{ raise_exception('not like this') }}", false],
    ["{{ raise_exception('not like this') }}{{ m.type }}", true],
    ["{% if messages[0].role != 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[1].content }}", false],
  ])("%s, which refuses a question", (jinja, takesParts) => {
    expect(compileTemplate(jinja, "recipe").takesParts).toBe(takesParts);
  });
});

test("whether a template writes the end token", () => {
  const ends = Object.entries(templates).map(([name, jinja]) => [
    name,
    endsAnswers(compileTemplate(jinja, "recipe"), tokens),
  ]);
  expect(Object.fromEntries(ends)).toEqual({
    "llava era A": true,
    mistral: true,
    "llava-1.5-7b-hf": false,
    "plain strings": true,
  });
});

test.each([
  [
    "the recipe's broken template",
    () => chooseTemplate({ family: chatTemplates.llama, explicit: "{% if %}" }),
    "bad-recipe",
  ],
  [
    "the checkpoint's broken template",
    () => chooseTemplate({ family: chatTemplates.llama, chatTemplateJinja: "{% for %}" }),
    "unsupported-model",
  ],
  ["a broken file", () => chooseTemplate({ family: chatTemplates.llama, chatTemplateJson: "{" }), "unsupported-model"],
  [
    "a conversation the template refuses",
    () =>
      renderChat([], compileTemplate("{{ raise_exception('take turns') }}", "recipe"), {
        addGenerationPrompt: false,
        ...tokens,
      }),
    "bad-row",
  ],
])("%s", (_, act, code) => {
  expect(act).toThrow(expect.objectContaining({ code }));
});

describe.skipIf(!goldenFolder)("golden rows", () => {
  test.each(goldenCases)("%s: rendered text", (name) => {
    const { rows, template } = goldenExpected(name);
    const lines = goldenText(`${name}/data/metadata.jsonl`).trim().split("\n");
    const chosen = [
      compileTemplate(template.jinja, "recipe"),
      chooseTemplate({ family: template.kind as "llava" | "mistral" }),
    ];
    for (const compiled of chosen) {
      for (const row of rows) {
        const { messages } = JSON.parse(lines[row.index]!);
        expect(renderChat(messages, compiled, { addGenerationPrompt: false, ...tokens })).toBe(row.text);
      }
    }
  });
});
