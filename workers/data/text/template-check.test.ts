import { describe, expect, test } from "vitest";
import { compileTemplate } from "./chat-template.ts";
import demoTokenizer from "./fixtures/demo-tokenizer.json?raw";
import demoConfig from "./fixtures/demo-tokenizer-config.json?raw";
import { tokenizeChat } from "./labels.ts";
import { templateNotes } from "./template-check.ts";
import { loadTokenizer } from "./tokenizer.ts";

const files = { tokenizerJson: demoTokenizer, tokenizerConfigJson: demoConfig };
/** The demo's tokenizer, whose <image> is 3, under an image token of config.json. */
const tokenizerOf = (imageTokenId: number) => loadTokenizer(files, imageTokenId);
const parts = (picture: string, end = "{{ eos_token }}") =>
  `{% for m in messages %}{% for p in m.content %}{% if p.type == 'image' %}${picture}{% else %}{{ p.text }}{% endif %}{% endfor %}${end}{% endfor %}`;
const none = "writes nothing for a picture, so rows with pictures cannot be used";

test.each<[string, string, unknown[]]>([
  ["parts", parts("<image>\n"), []],
  ["strings", "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}", []],
  ["marks around the token", parts("<im_start><image><im_end>"), []],
  ["no end", parts("<image>", ""), [expect.stringMatching(/never writes <\/s> after an answer.*learn to stop/)]],
  ["no pictures", parts(""), [expect.stringContaining(none)]],
  [
    "another prompt for an answer",
    "{% for m in messages %}{{ m.role + ' ' }}{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ '\\n' + p.text }}{% endif %}{% endfor %}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant\\n' }}{% endif %}",
    [expect.stringContaining('asks for an answer with "assistant\\n" where a conversation has "assistant \\n"')],
  ],
  [
    "the same prompt for an answer, but for a space behind it",
    "{% for m in messages %}{{ m.role + ': ' }}{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}",
    [],
  ],
  [
    "no question without its answer",
    `{% if messages | length % 2 == 1 %}{{ raise_exception('odd') }}{% endif %}${parts("<image>")}`,
    [],
  ],
])("%s", (_, jinja, notes) => {
  expect(templateNotes(compileTemplate(jinja, "checkpoint"), tokenizerOf(3))).toEqual(notes);
});

describe("refused", () => {
  test.each<[string, string, number, "checkpoint" | "recipe" | "family", string, string]>([
    [
      "another token",
      parts("<image>\n"),
      100,
      "checkpoint",
      "unsupported-model",
      '"<image>" for a picture, the token 3 of',
    ],
    ["another id in config.json", parts("<image>"), 100, "family", "unsupported-model", "(image_token_index) is 100, "],
    [
      "no token at all",
      parts("[IMG]"),
      3,
      "recipe",
      "bad-recipe",
      'The recipe\'s chat_template writes "[IMG]" for a picture, ',
    ],
    ["two tokens", parts("<image><image>"), 3, "checkpoint", "unsupported-model", "<image> (3) 2 times for a picture"],
    [
      "nothing renders",
      "{{ raise_exception('no') }}",
      3,
      "recipe",
      "bad-recipe",
      "cannot render a question and its answer (no)",
    ],
  ])("%s", (_, jinja, id, origin, code, message) => {
    const act = () => templateNotes(compileTemplate(jinja, origin), tokenizerOf(id));
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});

test("a row whose picture the template leaves out is told so", () => {
  const spec = { tokenizer: tokenizerOf(3), template: compileTemplate(parts(""), "checkpoint") };
  const act = () =>
    tokenizeChat(
      [
        { role: "user", content: [{ type: "image" }, { type: "text", text: "What?" }] },
        { role: "assistant", content: [{ type: "text", text: "A dot." }] },
      ],
      spec,
      [Int32Array.of(3, 3)],
    );
  expect(act).toThrow(
    expect.objectContaining({
      code: "bad-row",
      message: "The chat template writes 0 image tokens for the 1 picture of this conversation.",
      remedy: "Use a chat_template that writes <image> for each picture.",
    }),
  );
});
