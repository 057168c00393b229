/** The same checkpoint in the file layouts that the hub has of it: what is missing, what is said elsewhere, what is wrong. */
import { describe, expect, test } from "vitest";
import { renderChat } from "../data/text/chat-template.ts";
import { templateTokens } from "../data/text/tokenizer.ts";
import { openModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { parseRecipe } from "../recipe.ts";
import { readerOfBytes } from "../storage/range-reader.ts";
import { type GoldenCase, openGolden } from "../testing/golden.ts";
import { imageOf } from "../testing/pictures.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";

type Json = Record<string, unknown>;
/** A file's new content, or undefined for a file that is not there; a function makes it of the old one. */
type Changes = Record<string, Json | string | undefined | ((old: Json) => Json)>;

async function layout(name: GoldenCase, changes: Changes): Promise<ModelFiles> {
  const base = await filesFromDirectory((await openGolden(name)).modelFolder);
  const texts = new Map<string, string>();
  for (const [file, change] of Object.entries(changes)) {
    if (change === undefined) continue;
    const value = typeof change === "function" ? change((await base.readJson(file)) as Json) : change;
    texts.set(file, typeof value === "string" ? value : JSON.stringify(value));
  }
  const names = [...base.names().filter((file) => !(file in changes)), ...texts.keys()];
  return modelFiles(base.label, names, async (file) => {
    const text = texts.get(file);
    return text === undefined ? base.open(file) : readerOfBytes(new TextEncoder().encode(text));
  });
}

const open = async (name: GoldenCase, changes: Changes = {}) => openModel(await layout(name, changes), parseRecipe({}));
const pictures = "preprocessor_config.json";
const processor = "processor_config.json";

describe("the image processor", () => {
  test.each<[string, GoldenCase, (old: Json, side: number) => Changes]>([
    [
      "older CLIP files with plain numbers",
      "own-mha",
      (old, side) => ({ [pictures]: { ...old, size: side, crop_size: side } }),
    ],
    ["only what is no default", "own-mha", ({ size, crop_size }) => ({ [pictures]: { size, crop_size } })],
    [
      "a feature extractor's",
      "own-mha",
      (old) => ({
        [pictures]: { ...old, feature_extractor_type: "CLIPFeatureExtractor", image_processor_type: undefined },
      }),
    ],
    [
      "all in processor_config.json, as transformers 5 writes it",
      "own-mha",
      (old) => ({ [pictures]: undefined, [processor]: { image_processor: old } }),
    ],
    [
      "in both: transformers 5 reads processor_config.json",
      "own-mha",
      (old) => ({ [pictures]: { size: 1 }, [processor]: { image_processor: old } }),
    ],
    [
      "LLaVA-NeXT with a plain number",
      "own-next",
      (old, side) => ({ [pictures]: { ...old, size: side, aspect_ratio_setting: "anyres" } }),
    ],
    [
      "LLaVA-NeXT without a grid of its own",
      "own-next",
      ({ image_grid_pinpoints: _, ...old }) => ({ [pictures]: old }),
    ],
  ])("%s", async (_, name, changes) => {
    const { preparation, pictures: wanted } = await open(name);
    const changed = changes(JSON.parse(preparation.processorJson), wanted.tileSize);
    const { pictures: found } = await open(name, changed);
    const photo = imageOf(
      Uint8Array.from({ length: 3 * 90 * 70 }, (_, i) => (i * 37) % 256),
      90,
      70,
    );
    expect(found.prepare(photo)).toEqual(wanted.prepare(photo));
    const { pixels, tiles } = wanted.prepare(photo);
    expect(found.normalise(pixels, tiles)).toEqual(wanted.normalise(pixels, tiles));
  });

  test.each<[string, Changes, string, string]>([
    ["nowhere", { [pictures]: undefined }, "missing-file", "preprocessor_config.json is missing"],
    ["half a file", { [pictures]: "{" }, "not-a-checkpoint", "preprocessor_config.json in model is not valid JSON"],
    [
      "of another size",
      { [pictures]: (old) => ({ ...old, crop_size: 42 }) },
      "unsupported-model",
      "makes pictures of 42 pixels",
    ],
  ])("%s is told", async (_, changes, code, words) => {
    await expect(open("own-mha", changes)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

test.each<[string, Changes, boolean]>([
  ["not there", {}, true],
  ["there, without a patch size", { [processor]: { processor_class: "LlavaProcessor", image_token: "<image>" } }, true],
  ["complete", { [processor]: { patch_size: 14, vision_feature_select_strategy: "default" } }, false],
])("processor_config.json %s: what transformers has to be told", async (_, changes, told) => {
  const facts = { patch_size: 14, vision_feature_select_strategy: "default", num_additional_image_tokens: 1 };
  expect((await open("own-mha", changes)).processor).toEqual(told ? facts : undefined);
});

describe("without a chat template the family's", () => {
  const silent: Changes = {
    "chat_template.json": undefined,
    "tokenizer_config.json": ({ chat_template: _, ...rest }) => rest,
  };
  const llama = (old: Json): Json => ({ ...old, text_config: { ...(old.text_config as Json), model_type: "llama" } });
  test.each<[string, GoldenCase, Changes, string]>([
    ["LLaVA-1.5", "own-mha", silent, "questions. USER: <image>hi ASSISTANT:"],
    ["LLaVA-NeXT on Mistral", "own-next", silent, "[INST] <image>\nhi [/INST]"],
    ["LLaVA-NeXT on Vicuna", "own-next", { ...silent, "config.json": llama }, "questions. USER: <image>hi ASSISTANT:"],
  ])("%s", async (_, name, changes, ending) => {
    const { preparation } = await open(name, changes);
    const { template, tokenizer } = preparationOf(preparation);
    const say = [
      { role: "user" as const, content: [{ type: "image" as const }, { type: "text" as const, text: "hi" }] },
    ];
    const text = renderChat(say, template, { addGenerationPrompt: true, ...templateTokens(tokenizer) });
    expect(text.endsWith(ending)).toBe(true);
    expect(tokenizer.encode(text).filter((id) => id === tokenizer.imageTokenId).length).toBe(1);
  });
});

describe("the tokenizer's special tokens", () => {
  const tokenizerOf = async (changes: Changes) => preparationOf((await open("own-mha", changes)).preparation).tokenizer;

  test("are found with tokenizer.json alone", async () => {
    const whole = await tokenizerOf({});
    const bare = await tokenizerOf({ "tokenizer_config.json": undefined, "special_tokens_map.json": undefined });
    const { bosId, eosId, padId, imageTokenId, addsBos } = whole;
    expect(bare).toMatchObject({ bosId, eosId, padId, imageTokenId, addsBos });
    expect(bare.padId).not.toBe(bare.eosId);
  });

  test("special_tokens_map.json counts where tokenizer_config.json is silent", async () => {
    const map = { "tokenizer_config.json": {}, "special_tokens_map.json": { pad_token: { content: "<unk>" } } };
    expect((await tokenizerOf(map)).padId).toBe(0);
  });
});

test.each<[string, Changes, number[]]>([
  ["generation_config.json", { "generation_config.json": { eos_token_id: [7, 8] } }, [7, 8]],
  ["config.json", { "generation_config.json": {}, "config.json": (old) => ({ ...old, eos_token_id: 9 }) }, [9]],
  [
    "its text_config, and of the tokenizer",
    {
      "generation_config.json": undefined,
      "config.json": (old) => ({
        ...old,
        eos_token_id: null,
        text_config: { ...(old.text_config as Json), eos_token_id: 5 },
      }),
    },
    [5, 2],
  ],
])("the end of an answer is that of %s", async (_, changes, ids) => {
  expect((await open("own-mha", changes)).eosIds).toEqual(ids);
});

test("the end of an answer, where no file says it, is the tokenizer's", async () => {
  const silent = ({ eos_token_id: _, text_config, ...rest }: Json): Json => {
    const { eos_token_id: _text, ...text } = text_config as Json;
    return { ...rest, text_config: text };
  };
  const { eosIds } = await open("own-mha", { "generation_config.json": undefined, "config.json": silent });
  expect(eosIds).toEqual([2]);
});
