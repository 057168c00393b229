import { expect, test } from "vitest";
import { preparationOf } from "../models/preparation.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { chatPrompt } from "./prompt.ts";

/** A question, its answer, and another question. */
const turns = [
  { role: "user" as const, text: "Is it red?", pictures: [] },
  { role: "assistant" as const, text: "Yes.", pictures: [] },
  { role: "user" as const, text: "And now?", pictures: [] },
];

test("an adapter is asked as it was trained, the base as the template asks: one token of llava-interleave's differs", async () => {
  const golden = await openGolden("llava-qwen");
  const model = await openGoldenModel(golden, recipeWith(golden, "a"));
  expect(model.notes).toEqual([
    expect.stringContaining('asks for an answer with "assistant\\n" where a conversation has "assistant \\n"'),
  ]);
  const preparation = preparationOf(model.preparation);
  const textOf = async (asTrained: boolean): Promise<string> => {
    const { inputIds } = await chatPrompt(turns, preparation, { asTrained });
    return preparation.tokenizer.decode(inputIds, { skipSpecialTokens: false });
  };
  const before =
    "<|im_start|>user \nIs it red?<|im_end|><|im_start|>assistant \nYes.<|im_end|><|im_start|>user \nAnd now?<|im_end|>";
  expect(await textOf(false)).toBe(`${before}<|im_start|>assistant\n`);
  expect(await textOf(true)).toBe(`${before}<|im_start|>assistant \n`);
});

test.each(["llava-mha", "llava-next-mistral", "smolvlm"] as const)("of %s both are one", async (name) => {
  const golden = await openGolden(name);
  const model = await openGoldenModel(golden, recipeWith(golden, "a"));
  expect(model.notes).toEqual([]);
  const preparation = preparationOf(model.preparation);
  const asked = await chatPrompt(turns, preparation);
  expect(await chatPrompt(turns, preparation, { asTrained: true })).toEqual(asked);
});
