import { strFromU8, unzipSync } from "fflate";
import { expect, test } from "vitest";
import { llavaNames } from "../models/llava/names.ts";
import { parseRecipe } from "../recipe.ts";
import { bundleAdapter } from "./bundle.ts";
import { type CardFacts, modelCard } from "./card.ts";

const facts: CardFacts = {
  title: "cats",
  baseModel: "bczhou/tiny-llava-v1-hf",
  modelClass: "LlavaForConditionalGeneration",
  names: llavaNames,
  imported: false,
  began: "",
  datasetLabel: "cats.zip",
  rows: 259,
  recipe: parseRecipe({}),
  step: 500,
  maxSteps: 500,
  finalLoss: 0.67351,
  trainableParameters: 50_462_720,
  processor: { patch_size: 14, vision_feature_select_strategy: "default", num_additional_image_tokens: 1 },
  pictureSettings: [],
};

test("the zip holds the three files as they are, stored, and the same files give the same zip", () => {
  const weights = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
  const files = { weights, config: '{"r": 8}\n', card: "# Ä\n" };
  const zip = bundleAdapter(files);
  expect(bundleAdapter(files)).toEqual(zip);
  const out = unzipSync(zip);
  expect(Object.keys(out)).toEqual(["adapter_model.safetensors", "adapter_config.json", "README.md"]);
  expect(out["adapter_model.safetensors"]).toEqual(weights);
  expect(strFromU8(out["adapter_config.json"]!)).toBe('{"r": 8}\n');
  expect(strFromU8(out["README.md"]!)).toBe("# Ä\n");
  // Local header of the first file (APPNOTE 4.3.7): method 0, 1980-01-01 00:00.
  const header = new DataView(zip.buffer);
  expect([header.getUint32(0, true), header.getUint16(8, true)]).toEqual([0x04034b50, 0]);
  expect([header.getUint16(10, true), header.getUint16(12, true)]).toEqual([0, 0x21]);
  expect(header.getUint32(18, true)).toBe(1000);
});

test("the card says what it is and how to load it", () => {
  const card = modelCard(facts);
  expect(card).toMatch(/^---\nbase_model: "bczhou\/tiny-llava-v1-hf"\nlibrary_name: peft\n/);
  expect(card).toContain(
    "- Steps: 500 of 500; loss at the end 0.6735 (mean cross-entropy per target token, answer tokens only)",
  );
  expect(card).toContain("- Trainable parameters: 50,462,720");
  expect(card).toContain("| learning_rate | 0.00002 |");
  expect(card).toContain("## Licence");
  const python = card.split("```python\n")[1]!.split("\n```")[0]!;
  expect(python.split("\n")).toEqual([
    "import torch",
    "from peft import PeftModel",
    "from transformers import AutoProcessor, BitsAndBytesConfig, LlavaForConditionalGeneration",
    "",
    'base = "bczhou/tiny-llava-v1-hf"',
    "quantization = BitsAndBytesConfig(",
    "    load_in_4bit=True,",
    '    bnb_4bit_quant_type="nf4",',
    "    bnb_4bit_use_double_quant=False,",
    "    bnb_4bit_compute_dtype=torch.float16,",
    '    llm_int8_skip_modules=["lm_head","vision_tower","model.vision_tower","multi_modal_projector","model.multi_modal_projector"],',
    ")",
    'model = LlavaForConditionalGeneration.from_pretrained(base, quantization_config=quantization, device_map="auto")',
    'model = PeftModel.from_pretrained(model, ".")  # the folder of this file',
    "processor = AutoProcessor.from_pretrained(base)",
    "# The processor_config.json of this checkpoint is missing or silent; without these the number of image tokens is wrong.",
    "processor.patch_size = 14",
    'processor.vision_feature_select_strategy = "default"',
    "processor.num_additional_image_tokens = 1",
  ]);
});

test("a LLaVA-NeXT adapter on a base that is not quantised", () => {
  const { processor: _, ...rest } = facts;
  const recipe = parseRecipe({ load_in_4bit: false, target_modules: "all-linear", train_on: "all-text" });
  const card = modelCard({ ...rest, modelClass: "LlavaNextForConditionalGeneration", recipe, finalLoss: null });
  expect(card).toContain(
    'model = LlavaNextForConditionalGeneration.from_pretrained(base, torch_dtype=torch.float16, device_map="auto")',
  );
  expect(card).not.toContain("patch_size");
  expect(card).not.toContain("BitsAndBytes");
  expect(card).toContain("- Steps: 500 of 500 (mean cross-entropy per target token, all text tokens)");
  expect(card).toContain("needs transformers 4.52 or later");
});

test("names from outside stay text", () => {
  const card = modelCard({
    ...facts,
    title: "a\n---\n# <script>",
    baseModel: 'x"\nlicense: mit\n`y`',
    datasetLabel: "a | b",
    recipe: parseRecipe({ chat_template: "{% if a | b %}\n{{ c }}" }),
  });
  expect(card.split("\n").filter((text) => text === "---").length).toBe(2);
  expect(card).toContain('base_model: "x\\"\\nlicense: mit\\n`y`"');
  expect(card).toContain("# a --- \\# \\<script\\>");
  expect(card).toContain('adapter for `` x" license: mit `y` ``');
  expect(card.match(/^\| chat.*$/m)![0]).toBe('| chat_template | "{% if a \\| b %}\\\\n{{ c }}" |');
});

test("the card has transformers cut pictures as training did, where the model has that choice", () => {
  const recipe = parseRecipe({ do_image_splitting: false, image_longest_edge: 512 });
  const lines = [
    "processor.image_processor.do_image_splitting = False",
    'processor.image_processor.size = {"longest_edge": 512}',
  ];
  const card = modelCard({ ...facts, recipe, pictureSettings: ["doImageSplitting", "imageLongestEdge"] });
  for (const line of lines) expect(card).toContain(`\n${line}\n`);
  expect(modelCard({ ...facts, recipe })).not.toContain("image_processor");
});

test("a run that began with an adapter says so, and one that came as a file claims no training", () => {
  expect(modelCard({ ...facts, began: "the adapter of mine at step 20" })).toContain(
    "Training began with the adapter of mine at step 20.",
  );
  const card = modelCard({ ...facts, imported: true });
  expect(card).toContain("came to TabTune as a file and was not trained there.");
  expect(card).not.toMatch(/Steps:|Training settings|trained in a browser/);
  expect(card).toContain("- Trainable parameters:");
});
