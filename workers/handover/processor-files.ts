/** The files by which transformers makes of rows what this engine makes of them; and those of a model that is small. */
import type { OpenedModel } from "../models/open.ts";
import { filesWithSettings } from "../models/picture-settings.ts";
import type { Recipe } from "../recipe.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import type { HandedFile } from "./handed.ts";

/** A model of so many bytes comes along; a larger one is fetched where it is needed. */
const MOST_INSIDE = 64 << 20;

const processor = "processor_config.json";
const COPIED = [
  "config.json",
  "preprocessor_config.json",
  processor,
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** With the settings of the recipe, the chat template that rows are made with, and what the checkpoint leaves unsaid. */
export async function processorFiles(
  { files: given, preparation, processor: missing }: OpenedModel,
  recipe: Recipe,
): Promise<{ files: HandedFile[]; notes: string[] }> {
  const { files, note } = await filesWithSettings(given, recipe);
  const out: HandedFile[] = [];
  for (const name of COPIED) {
    if (name === processor && missing) {
      const json = files.has(name) ? ((await files.readJson(name)) as object) : {};
      out.push({ path: `processor/${name}`, data: `${JSON.stringify({ ...json, ...missing }, null, 2)}\n` });
    } else if (files.has(name)) out.push({ path: `processor/${name}`, data: await files.readText(name) });
  }
  out.push({ path: "processor/chat_template.jinja", data: preparation.template });
  return { files: out, notes: note ? [note] : [] };
}

export async function modelInside(files: ModelFiles): Promise<boolean> {
  let bytes = 0;
  for (const name of files.names()) {
    bytes += (await files.open(name)).size;
    if (bytes > MOST_INSIDE) return false;
  }
  return true;
}
