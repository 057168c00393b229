import { expect, test } from "vitest";
import { readerOfBlob } from "../storage/range-reader.ts";
import { type GoldenCase, openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { modelFiles } from "../weights/hub/source.ts";
import { openModel } from "./open.ts";

const opened = async (name: GoldenCase, changes: Record<string, unknown> = {}) => {
  const golden = await openGolden(name);
  return openGoldenModel(golden, recipeWith(golden, "a", changes));
};

test("a template that never ends an answer is told before training", async () => {
  expect((await opened("llava-mha")).notes).toEqual([]);
  const endless = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}";
  const { notes } = await opened("llava-mha", { chat_template: endless });
  expect(notes).toContainEqual(expect.stringMatching(/never writes <\/s> after an answer.*does not learn to stop/));
});

test("a checkpoint without processor_config.json says so: its card has to", async () => {
  expect((await opened("llava-mha")).processor).toEqual({
    patch_size: 14,
    vision_feature_select_strategy: "default",
    num_additional_image_tokens: 1,
  });
});

test("tiles of a picture: the whole and the largest grid, or the recipe's cap", async () => {
  expect((await opened("llava-mha")).pictures.mostTiles).toBe(1);
  expect((await opened("llava-next-mistral")).pictures.mostTiles).toBe(5);
  expect((await opened("llava-next-mistral", { max_image_tiles: 3 })).pictures.mostTiles).toBe(3);
});

test("a model's identity depends on how it is quantised", async () => {
  const ids = [
    await opened("llava-mha"),
    await opened("llava-mha", { load_in_4bit: true }),
    await opened("llava-mha", { load_in_4bit: true, bnb_4bit_use_double_quant: true }),
    await opened("llava-mha", { load_in_4bit: true, quantize_modules: ["language_model", "vision_tower"] }),
  ].map((model) => model.id);
  expect(new Set(ids).size).toBe(4);
});

test("without generation_config.json an answer ends at the tokenizer's end token too, whatever the language model once said", async () => {
  const golden = await openGolden("smolvlm");
  const files = await filesFromDirectory(golden.modelFolder);
  const config = (await files.readJson("config.json")) as { text_config: object };
  const changed = { ...config, text_config: { ...config.text_config, eos_token_id: 2 } };
  const names = files.names().filter((name) => name !== "generation_config.json");
  const older = modelFiles("older", names, async (name) =>
    name === "config.json" ? readerOfBlob(new Blob([JSON.stringify(changed)])) : files.open(name),
  );
  expect((await openModel(older, recipeWith(golden, "a"))).eosIds).toEqual([2, 942]);
  expect((await opened("smolvlm")).eosIds).toEqual([942]);
});
