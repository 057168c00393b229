/** README.md of an adapter: what it is, how it was made, and the Python lines that load it (checked against PEFT 0.21). */

import type { PictureSettings, ProcessorAttributes } from "../models/family.ts";
import { CONNECTOR, DECODER, type NameScheme, TOWER } from "../models/names.ts";
import type { Recipe } from "../recipe.ts";
import { toHuggingFace } from "../recipe.ts";
import { counted } from "../words.ts";
import { partWord } from "./peft-names.ts";

export interface CardFacts {
  /** Name for people: the run or the file. */
  title: string;
  /** Hub id or folder name of the base model. */
  baseModel: string;
  /** transformers' class of the base model, and how it spells its parts. */
  modelClass: string;
  names: NameScheme;
  /** The adapter came as a file: nothing is known of its training. */
  imported: boolean;
  /** What its training began with; "" for new matrices. */
  began: string;
  datasetLabel: string;
  rows: number;
  recipe: Recipe;
  step: number;
  maxSteps: number;
  /** The last measurement of rows that were not trained on; undefined where there was none. */
  heldOut?: { step: number; loss: number; rows: number } | undefined;
  /** Mean loss of the last steps; null when none was logged. */
  finalLoss: number | null;
  trainableParameters: number;
  /** Undefined where the checkpoint's processor_config.json says it. */
  processor?: ProcessorAttributes | undefined;
  /** Those of the recipe's settings that the model's pictures obey. */
  pictureSettings: readonly (keyof PictureSettings)[];
}

/** The card as Markdown with the Hub's YAML header. */
export function modelCard(facts: CardFacts): string {
  const { title, baseModel, recipe, imported, trainableParameters } = facts;
  const steps = imported ? "" : `${stepsLine(facts)}\n`;
  return `---
base_model: ${yaml(baseModel)}
library_name: peft
pipeline_tag: image-text-to-text
tags:
- lora
- vlm
- tabtune
---

# ${line(title)}

A LoRA adapter for ${code(baseModel)}, ${howMade(facts)}

${steps}- Trainable parameters: ${trainableParameters.toLocaleString("en-US")}

## Use

\`\`\`python
${python(facts)}
\`\`\`

${loraNote(recipe)}

${imported ? "" : settingsOf(recipe)}## Licence

This adapter is derived from ${code(baseModel)}: that model's licence, and the terms of the training data, apply to its use and
to passing it on.
`;
}

function howMade({ imported, datasetLabel, rows, began }: CardFacts): string {
  if (imported) return "which came to TabTune as a file and was not trained there.";
  const from = began === "" ? "" : ` Training began with ${line(began)}.`;
  return `trained in a browser tab with TabTune on ${code(datasetLabel)} (${counted(rows, "row")}).${from}`;
}

function stepsLine({ step, maxSteps, finalLoss, heldOut, recipe }: CardFacts): string {
  const loss = finalLoss === null ? "" : `; loss at the end ${finalLoss.toFixed(4)}`;
  const measured = recipe.trainOn === "responses" ? "answer tokens only" : "all text tokens";
  const held = heldOut
    ? `\n- Held-out loss: ${heldOut.loss.toFixed(4)} after step ${heldOut.step}, on ${counted(heldOut.rows, "row")} that ${heldOut.rows === 1 ? "was" : "were"} not trained on`
    : "";
  return `- Steps: ${step} of ${maxSteps}${loss} (mean cross-entropy per target token, ${measured})${held}`;
}

function settingsOf(recipe: Recipe): string {
  const rows = Object.entries(toHuggingFace(recipe)).map(([key, value]) => `| ${key} | ${cell(value)} |`);
  return `## Training settings\n\n| setting | value |\n| --- | --- |\n${rows.join("\n")}\n\n`;
}

/** Parts as the recipe has them, and their neutral names. */
const parts: [Recipe["quantizeModules"][number], string][] = [
  ["vision_tower", TOWER],
  ["multi_modal_projector", CONNECTOR],
  ["language_model", DECODER],
];

function python(facts: CardFacts): string {
  const { baseModel, modelClass: name, names, recipe, processor } = facts;
  const quantised = recipe.loadIn4bit && recipe.quantizeModules.length > 0;
  // transformers 4 looks for the name anywhere in a module's path, transformers 5 only at its beginning.
  const skipped = parts
    .filter(([part]) => !recipe.quantizeModules.includes(part))
    .map(([, neutral]) => partWord(neutral, names))
    .flatMap((word) => [word, `model.${word}`]);
  const lines = [
    "import torch",
    "from peft import PeftModel",
    `from transformers import AutoProcessor, ${quantised ? "BitsAndBytesConfig, " : ""}${name}`,
    "",
    `base = ${JSON.stringify(baseModel)}`,
  ];
  if (quantised) {
    lines.push(
      "quantization = BitsAndBytesConfig(",
      "    load_in_4bit=True,",
      `    bnb_4bit_quant_type=${JSON.stringify(recipe.bnb4bitQuantType)},`,
      `    bnb_4bit_use_double_quant=${recipe.bnb4bitUseDoubleQuant ? "True" : "False"},`,
      "    bnb_4bit_compute_dtype=torch.float16,",
      `    llm_int8_skip_modules=${JSON.stringify(["lm_head", ...skipped])},`,
      ")",
      `model = ${name}.from_pretrained(base, quantization_config=quantization, device_map="auto")`,
    );
  } else {
    lines.push(`model = ${name}.from_pretrained(base, torch_dtype=torch.float16, device_map="auto")`);
  }
  lines.push(
    'model = PeftModel.from_pretrained(model, ".")  # the folder of this file',
    "processor = AutoProcessor.from_pretrained(base)",
  );
  if (processor) {
    lines.push(
      "# The processor_config.json of this checkpoint is missing or silent; without these the number of image tokens is wrong.",
      ...Object.entries(processor).map(([attribute, value]) => `processor.${attribute} = ${JSON.stringify(value)}`),
    );
  }
  lines.push(...pictureLines(facts));
  return lines.join("\n");
}

/** What makes transformers cut pictures as they were cut in training. */
function pictureLines({ recipe, pictureSettings }: CardFacts): string[] {
  const { doImageSplitting: split, imageLongestEdge: longest } = recipe;
  const lines: string[] = [];
  if (split !== null && pictureSettings.includes("doImageSplitting"))
    lines.push(`processor.image_processor.do_image_splitting = ${split ? "True" : "False"}`);
  if (longest !== null && pictureSettings.includes("imageLongestEdge"))
    lines.push(`processor.image_processor.size = {"longest_edge": ${longest}}`);
  return lines.length > 0 ? ["# Pictures as they were cut in training.", ...lines] : [];
}

function loraNote(recipe: Recipe): string {
  return recipe.targetModules === "language-model"
    ? "The adapter changes the language model only, under key names that every PEFT release loads."
    : "The adapter changes the vision tower and the projector too: loading all of it needs transformers 4.52 or later.";
}

/** A one-line double-quoted YAML scalar: JSON strings are YAML. */
function yaml(text: string): string {
  return JSON.stringify(text);
}

/** Text on one line that Markdown takes literally. */
function line(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>#|]/g, "\\$&");
}

/** A code span; the fence is longer than any run of backticks inside. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${flat} ${fence}` : `${fence}${flat}${fence}`;
}

/** A setting in a table: JSON, cut, with the bars escaped. */
function cell(value: unknown): string {
  const text = JSON.stringify(value);
  return line(text.length > 200 ? `${text.slice(0, 197)}…` : text);
}
