import { expect, test } from "vitest";
import { openModel } from "../../models/open.ts";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { type GoldenCase, openGolden } from "../../testing/golden.ts";
import { filesFromDirectory } from "../../weights/hub/fs-files.ts";
import { renderUncut } from "./chat-template.ts";

const opened = async (name: GoldenCase, recipe: object = {}) =>
  openModel(await filesFromDirectory((await openGolden(name)).modelFolder), parseRecipe(recipe));

test.each<[GoldenCase, boolean]>([
  // Both end in a space that training's prompt has not.
  ["llava-mha", false],
  ["llava-next-mistral", true],
  ["smolvlm", true],
  // `assistant \n` in a conversation, `assistant\n` where an answer is asked for.
  ["llava-qwen", false],
  ["onevision", false],
])("%s: whether transformers' own prompt for an answer is what was trained", async (name, asksAsTrained) => {
  const { inference, preparation, eosIds } = await opened(name);
  expect(inference.prompting).toMatchObject({
    asksAsTrained,
    takesParts: true,
    endIds: expect.arrayContaining(eosIds),
  });
  expect(inference.prompting.template).toBeUndefined();
  expect(inference.pictures).toEqual({ processor: {}, config: {} });
  const { tokenizer } = preparationOf(preparation);
  expect(inference.prompting.endIds).toEqual(expect.arrayContaining(tokenizer.endIds));
});

test("a template of the recipe goes along, and its own first token is not doubled", async () => {
  const chat_template =
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{{ eos_token if m['role'] == 'assistant' }}{% endfor %}" +
    "{% if add_generation_prompt %}[assistant] {% endif %}";
  const { inference, preparation } = await opened("llava-mha", { chat_template });
  const { tokenizer, template } = preparationOf(preparation);
  expect(tokenizer.addsBos).toBe(true);
  // The space behind the marker would be a token of its own: the prompt ends before it.
  expect(inference.prompting).toMatchObject({
    ...{ template: chat_template, takesParts: false, asksAsTrained: false, writesBos: true },
  });
  const question = [{ role: "user" as const, content: [{ type: "text" as const, text: "x" }] }];
  const options = { addGenerationPrompt: true, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken };
  expect(renderUncut(question, template, options)).toBe(`${tokenizer.bosToken}[user] x[assistant] `);
});

test("a template that takes no question alone has no prompt of its own", async () => {
  const chat_template =
    "{% if messages[-1]['role'] != 'assistant' %}{{ raise_exception('no answer') }}{% endif %}" +
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}{% endfor %}";
  const { inference } = await opened("llava-mha", { chat_template });
  expect(inference.prompting.asksAsTrained).toBe(false);
});
