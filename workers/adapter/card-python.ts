/** The lines of Python in an adapter's card: they load it and ask a question as in training. reference/check_card.py runs them. */

import type { Prompting } from "../data/text/prompting.ts";
import type { ProcessorAttributes, WrittenSettings } from "../models/family.ts";
import { CONNECTOR, DECODER, DEEPSTACK, type NameScheme, TOWER } from "../models/names.ts";
import type { Recipe } from "../recipe.ts";
import { hasPart, partPath, partWord } from "./peft-names.ts";

export interface PythonFacts {
  /** Hub id or folder name of the base model. */
  baseModel: string;
  /** transformers' class of the base model, and how it spells its parts. */
  modelClass: string;
  names: NameScheme;
  recipe: Recipe;
  /** Undefined where the checkpoint's processor_config.json says it. */
  processor?: ProcessorAttributes | undefined;
  /** Keys that have transformers cut pictures as in training. */
  pictures: WrittenSettings;
  /** Undefined where a run kept none. */
  prompting: Prompting | undefined;
}

/** Parts as the recipe has them, and their neutral names. */
const parts: [Recipe["quantizeModules"][number], string][] = [
  ["vision_tower", TOWER],
  ["multi_modal_projector", CONNECTOR],
  ["multi_modal_projector", DEEPSTACK],
  ["language_model", DECODER],
];

export function pythonLines(facts: PythonFacts): string[] {
  const { recipe, modelClass, prompting } = facts;
  const quantised = recipe.loadIn4bit && recipe.quantizeModules.length > 0;
  return [
    "import torch",
    "from peft import PeftModel",
    ...(prompting ? ["from PIL import Image, ImageOps"] : []),
    `from transformers import AutoProcessor, ${quantised ? "BitsAndBytesConfig, " : ""}${modelClass}`,
    "",
    `base = ${python(facts.baseModel)}`,
    ...modelLines(facts, quantised),
    ...processorLines(facts),
    ...(prompting ? askingLines(prompting) : []),
  ];
}

function modelLines({ modelClass, names, recipe, pictures }: PythonFacts, quantised: boolean): string[] {
  // transformers 4 looks for the name anywhere in a module's path, transformers 5 only at its beginning.
  const skipped = parts
    .filter(([part, neutral]) => !recipe.quantizeModules.includes(part) && hasPart(neutral, names))
    .flatMap(([, neutral]) => [partWord(neutral, names), partPath(neutral, names)]);
  const how = quantised ? "quantization_config=quantization" : "torch_dtype=torch.float16";
  return [
    ...(quantised
      ? [
          "quantization = BitsAndBytesConfig(",
          "    load_in_4bit=True,",
          `    bnb_4bit_quant_type=${python(recipe.bnb4bitQuantType)},`,
          `    bnb_4bit_use_double_quant=${python(recipe.bnb4bitUseDoubleQuant)},`,
          "    bnb_4bit_compute_dtype=torch.float16,",
          `    llm_int8_skip_modules=${python(["lm_head", ...skipped])},`,
          ")",
        ]
      : []),
    `model = ${modelClass}.from_pretrained(base, ${how}, device_map="auto")`,
    ...Object.entries(pictures.config).map(([key, value]) => `model.config.${key} = ${python(value)}`),
    'model = PeftModel.from_pretrained(model, ".")  # the folder of this file',
  ];
}

function processorLines({ processor = {}, pictures }: PythonFacts): string[] {
  const attributes = Object.entries(processor);
  const cut = Object.entries(pictures.processor);
  return [
    "processor = AutoProcessor.from_pretrained(base)",
    ...(attributes.length > 0
      ? [
          "# The processor_config.json of this checkpoint is missing or silent; without these the number of image tokens is wrong.",
        ]
      : []),
    ...attributes.map(([name, value]) => `processor.${name} = ${python(value)}`),
    ...(cut.length > 0 ? ["# Pictures as they were cut in training."] : []),
    ...cut.map(([name, value]) => `processor.image_processor.${name} = ${python(value)}`),
  ];
}

const QUESTION = "What is in the picture?";

function askingLines({ template, takesParts, asksAsTrained, writesBos, endIds }: Prompting): string[] {
  const said = (text: string): string => python(takesParts ? [{ type: "text", text }] : text);
  const content = takesParts ? [{ type: "image" }, { type: "text", text: QUESTION }] : `<image>\n${QUESTION}`;
  return [
    "",
    ...(template === undefined
      ? []
      : ["# The template that it was trained with.", `processor.chat_template = ${python(template)}`]),
    `conversation = [{"role": "user", "content": ${python(content)}}]`,
    ...(asksAsTrained
      ? ["prompt = processor.apply_chat_template(conversation, add_generation_prompt=True)"]
      : [
          "# The template's own prompt for an answer is not what stood before answers in training: this is.",
          `conversation.append({"role": "assistant", "content": ${said("ANSWER")}})`,
          'prompt = processor.apply_chat_template(conversation).split("ANSWER")[0].removesuffix(" ")',
        ]),
    'picture = ImageOps.exif_transpose(Image.open("picture.jpg")).convert("RGB")',
    `inputs = processor(images=[picture], text=prompt, ${writesBos ? "add_special_tokens=False, " : ""}return_tensors="pt")`,
    "inputs = inputs.to(model.device, torch.float16)",
    `answer = model.generate(**inputs, max_new_tokens=256, do_sample=False, eos_token_id=${python(endIds)})`,
    'print(processor.decode(answer[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))',
  ];
}

/** A value as a literal of Python. */
function python(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value as object)
      .map(([key, inner]) => `${JSON.stringify(key)}: ${python(inner)}`)
      .join(", ")}}`;
  }
  // A string of JSON is one of Python.
  return JSON.stringify(value);
}
