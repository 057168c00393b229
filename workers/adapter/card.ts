/** README.md of an adapter: what it is, how it was made, and the Python lines that load and ask it (card-python.ts). */

import { code, line, yaml } from "../markdown.ts";
import { type Recipe, toHuggingFace } from "../recipe.ts";
import { counted, listed } from "../words.ts";
import { type PythonFacts, pythonLines } from "./card-python.ts";

export interface CardFacts extends PythonFacts {
  /** Name for people: the run or the file. */
  title: string;
  /** The adapter came as a file: nothing is known of its training. */
  imported: boolean;
  /** What its training began with; "" for new matrices. */
  began: string;
  datasetLabel: string;
  rows: number;
  step: number;
  maxSteps: number;
  /** The last measurement of rows that were not trained on; undefined where there was none. */
  heldOut?: { step: number; loss: number; rows: number } | undefined;
  /** Mean loss of the last steps; null when none was logged. */
  finalLoss: number | null;
  trainableParameters: number;
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
${pythonLines(facts).join("\n")}
\`\`\`

${notes(facts).join("\n\n")}

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

function notes({ recipe, prompting, pictures, imported }: CardFacts): string[] {
  const lora =
    recipe.targetModules === "language-model"
      ? "The adapter changes the language model only, under key names that every PEFT release loads."
      : "The adapter changes the vision tower and the projector too: loading all of it needs transformers 4.52 or later.";
  const asked = prompting
    ? []
    : [
        `${imported ? "Nothing is known of how it was prompted" : "The run was saved before its prompt was kept"}: ask in the chat template that it was trained with.`,
      ];
  const cut = Object.keys({ ...pictures.processor, ...pictures.config });
  const merged =
    cut.length > 0
      ? [`A merged model that TabTune writes has ${listed(cut.map((key) => code(key)))} in its own files.`]
      : [];
  return [lora, ...asked, ...merged, ...(pictures.note ? [line(pictures.note)] : [])];
}

/** A setting in a table: JSON, cut, with the bars escaped. */
function cell(value: unknown): string {
  const text = JSON.stringify(value);
  return line(text.length > 200 ? `${text.slice(0, 197)}…` : text);
}
