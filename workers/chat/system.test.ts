import { expect, test } from "vitest";
import type { Message } from "../data/rows/row.ts";
import { compileTemplate } from "../data/text/chat-template.ts";
import { chatTemplates } from "../models/llava/chat-template.ts";
import { preparationOf } from "../models/preparation.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { chatPrompt } from "./prompt.ts";
import { takesSystem, withSystem } from "./system.ts";

const question: Message = { role: "user", content: [{ type: "image" }, { type: "text", text: "What is it?" }] };
const turns = [{ role: "user" as const, text: "What is it?", pictures: [] }];

// LLaVA-1.5's and llava-v1.6-mistral's own print a system message as an answer.
test.each([
  ["llava-mha", false],
  ["llava-next-mistral", false],
  ["llava-qwen", true],
  ["onevision", true],
  ["smolvlm", true],
] as const)("the checkpoint's template of %s: a system role is %s", async (name, has) => {
  const golden = await openGolden(name);
  const model = await openGoldenModel(golden, recipeWith(golden, "a"));
  const preparation = preparationOf(model.preparation);
  const { tokenizer, template } = preparation;
  expect(takesSystem(template)).toBe(has);
  const textOf = async (system: string): Promise<string> =>
    tokenizer.decode((await chatPrompt(turns, preparation, { system })).inputIds, { skipSpecialTokens: false });
  const [plain, opened] = [await textOf(""), await textOf("Be short.")];
  expect(plain).not.toContain("Be short.");
  expect(opened.indexOf("Be short.")).toBeGreaterThanOrEqual(0);
  expect(opened.indexOf("Be short.")).toBeLessThan(opened.indexOf("What is it?"));
  // Without a role the words are the question's own; an answer that nobody gave is nowhere.
  if (!has) expect(opened.replace("Be short.\n\n", "")).toBe(plain);
});

test("our own templates have a system role; one that refuses it or leaves it out has none", () => {
  for (const jinja of Object.values(chatTemplates)) {
    expect(takesSystem(compileTemplate(jinja, "family"))).toBe(true);
  }
  const loop = "{% for message in messages %}";
  const refuses = `${loop}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ message['content'] }}{% endfor %}`;
  const leavesOut = `${loop}{% if message['role'] != 'system' %}{{ message['content'] }}{% endif %}{% endfor %}`;
  for (const jinja of [refuses, leavesOut]) expect(takesSystem(compileTemplate(jinja, "checkpoint"))).toBe(false);
});

test("without a system role the words stand before the first question's, behind its pictures", () => {
  const later: Message = { role: "user", content: [{ type: "text", text: "And now?" }] };
  expect(withSystem([question, later], "Be short.", false)).toEqual([
    { role: "user", content: [{ type: "image" }, { type: "text", text: "Be short.\n\nWhat is it?" }] },
    later,
  ]);
  expect(withSystem([question], "Be short.", true)[0]).toEqual({
    role: "system",
    content: [{ type: "text", text: "Be short." }],
  });
  expect(withSystem([question], "", false)).toEqual([question]);
});
