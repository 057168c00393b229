import { strFromU8, unzipSync } from "fflate";
import { expect, test } from "vitest";
import { nothingWritten } from "../models/family.ts";
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
  pictures: nothingWritten,
  prompting: { takesParts: true, asksAsTrained: true, writesBos: false, endIds: [2] },
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
    "from PIL import Image, ImageOps",
    "from transformers import AutoProcessor, BitsAndBytesConfig, LlavaForConditionalGeneration",
    "",
    'base = "bczhou/tiny-llava-v1-hf"',
    "quantization = BitsAndBytesConfig(",
    "    load_in_4bit=True,",
    '    bnb_4bit_quant_type="nf4",',
    "    bnb_4bit_use_double_quant=False,",
    "    bnb_4bit_compute_dtype=torch.float16,",
    '    llm_int8_skip_modules=["lm_head", "vision_tower", "model.vision_tower", "multi_modal_projector", "model.multi_modal_projector"],',
    ")",
    'model = LlavaForConditionalGeneration.from_pretrained(base, quantization_config=quantization, device_map="auto")',
    'model = PeftModel.from_pretrained(model, ".")  # the folder of this file',
    "processor = AutoProcessor.from_pretrained(base)",
    "# The processor_config.json of this checkpoint is missing or silent; without these the number of image tokens is wrong.",
    "processor.patch_size = 14",
    'processor.vision_feature_select_strategy = "default"',
    "processor.num_additional_image_tokens = 1",
    "",
    'conversation = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is in the picture?"}]}]',
    "prompt = processor.apply_chat_template(conversation, add_generation_prompt=True)",
    'picture = ImageOps.exif_transpose(Image.open("picture.jpg")).convert("RGB")',
    'inputs = processor(images=[picture], text=prompt, return_tensors="pt")',
    "inputs = inputs.to(model.device, torch.float16)",
    "answer = model.generate(**inputs, max_new_tokens=256, do_sample=False, eos_token_id=[2])",
    'print(processor.decode(answer[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))',
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

test("the card has transformers cut pictures as training did, and says that a merged model does so by itself", () => {
  const pictures = {
    processor: { do_image_splitting: false, size: { longest_edge: 512 } },
    config: { image_grid_pinpoints: [[336, 672]] },
    note: "One *thing* cannot be said.",
  };
  const card = modelCard({ ...facts, pictures });
  for (const line of [
    "model.config.image_grid_pinpoints = [[336, 672]]",
    "processor.image_processor.do_image_splitting = False",
    'processor.image_processor.size = {"longest_edge": 512}',
    "A merged model that TabTune writes has `do_image_splitting`, `size`, `image_grid_pinpoints` in its own files.",
    "One \\*thing\\* cannot be said.",
  ])
    expect(card).toContain(`\n${line}\n`);
  expect(modelCard(facts)).not.toContain("image_processor");
});

test("the card asks as in training: another prompt than the template's, a template of its own, one first token", () => {
  const prompting = { template: "{{ x }}\n", takesParts: false, asksAsTrained: false, writesBos: true, endIds: [2, 7] };
  const card = modelCard({ ...facts, prompting });
  for (const line of [
    'processor.chat_template = "{{ x }}\\n"',
    'conversation = [{"role": "user", "content": "<image>\\nWhat is in the picture?"}]',
    'conversation.append({"role": "assistant", "content": "ANSWER"})',
    'prompt = processor.apply_chat_template(conversation).split("ANSWER")[0].removesuffix(" ")',
    'inputs = processor(images=[picture], text=prompt, add_special_tokens=False, return_tensors="pt")',
  ])
    expect(card).toContain(`\n${line}\n`);
  expect(card).toContain("eos_token_id=[2, 7])");
  expect(modelCard({ ...facts, prompting: undefined })).toContain("before its prompt was kept");
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
