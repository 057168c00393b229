/**
 * The folder that holds the model, where people choose one around it: a folder of the hub's cache (models--owner--name, huggingface_hub:
 * file_download.py), or one that has the model's folder inside. A folder of another kind is named.
 */
import { TabTuneError } from "../../errors.ts";
import { counted, listed } from "../../words.ts";
import { foreignWeights, isWeights } from "./foreign-weights.ts";
import { type ModelFiles, modelFiles } from "./source.ts";

const config = "config.json";
const adapterConfig = "adapter_config.json";

/**
 * `files` themselves, or those of the one folder in them that holds a model, with a note that says which.
 * Throws TabTuneError "not-a-checkpoint" where there is none, or where several could be meant.
 */
export async function modelFolder(files: ModelFiles): Promise<ModelFiles> {
  const names = files.names();
  const here = names.filter((name) => !name.includes("/"));
  if (files.has(adapterConfig) && !here.some(isWeights)) throw await adapterAlone(files);
  if (files.has(config)) return files;
  const { label } = files;
  const caches = foldersOf(names, /^models--[^/]+(?=\/)/);
  if (caches.length > 0) {
    throw refuse(
      `${label} is the hub's cache, with ${counted(caches.length, "model")} in it: ${listed(caches)}.`,
      `Choose the folder of one model, such as ${caches[0]}, or the folder inside of its snapshots.`,
    );
  }
  if (names.some((name) => name.startsWith("snapshots/"))) return snapshot(files);
  if (!here.some(isWeights) && !files.has("model_index.json")) {
    const [folder, ...more] = foldersWithModel(names);
    if (folder !== undefined && more.length === 0) {
      const note = `${label} has no ${config} itself: the model in its folder ${folder} is read.`;
      return within(files, folder, folder.split("/").at(-1)!, note);
    }
    if (folder !== undefined) {
      const what = `${label} has no ${config} itself, and holds ${more.length + 1} models: ${listed([folder, ...more])}.`;
      throw refuse(what, "Choose the folder of one of them.");
    }
  }
  throw noConfig(files, here);
}

/** A model's folder in the hub's cache: of the snapshots the one that refs/main names, else the only one. */
async function snapshot(files: ModelFiles): Promise<ModelFiles> {
  const { label } = files;
  const found = files.names().flatMap((name) => /^snapshots\/[^/]+(?=\/config\.json$)/.exec(name) ?? []);
  const main = files.has("refs/main") ? `snapshots/${(await files.readText("refs/main")).trim()}` : "";
  const chosen = found.includes(main) ? main : found.length === 1 ? found[0]! : undefined;
  if (chosen !== undefined) {
    const why = chosen === main ? "the one that refs/main names" : "the only one with a model";
    const note = `${label} is a folder of the hub's cache: ${chosen} is read, ${why}.`;
    return within(files, chosen, repoOf(label) ?? label, note);
  }
  if (found.length > 1) {
    const what = `${label} is a folder of the hub's cache, and which of its snapshots is meant is not known: ${listed(found)}.`;
    throw refuse(what, "Choose one of these folders.");
  }
  throw refuse(
    `${label} is a folder of the hub's cache, and none of its snapshots has a ${config} that can be read.`,
    "Download the model again; if the folder was copied, copy it with what its links point to, the blobs.",
  );
}

/** owner/name of models--owner--name. */
const repoOf = (folder: string): string | undefined => /^models--(.+)$/.exec(folder)?.[1]?.replace(/--/, "/");

/** The files under `folder` as a model's own. */
function within(files: ModelFiles, folder: string, label: string, note: string): ModelFiles {
  const path = (name: string): string => `${folder}/${name}`;
  const names = files.names().flatMap((name) => (name.startsWith(path("")) ? [name.slice(folder.length + 1)] : []));
  const { versionOf, published } = files;
  return {
    ...modelFiles(label, names, (name) => files.open(path(name))),
    ...(versionOf ? { versionOf: (name: string) => versionOf(path(name)) } : {}),
    ...(published ? { published: (name: string) => published(path(name)) } : {}),
    note,
  };
}

const foldersOf = (names: readonly string[], pattern: RegExp): string[] => [
  ...new Set(names.flatMap((name) => pattern.exec(name)?.[0] ?? [])),
];

/** Folders with a config.json beside weights. */
function foldersWithModel(names: readonly string[]): string[] {
  const withWeights = new Set(names.filter(isWeights).map((name) => name.replace(/\/?[^/]*$/, "")));
  return foldersOf(names, /^.+(?=\/config\.json$)/).filter((folder) => withWeights.has(folder));
}

const hubForm = "Choose the folder of a checkpoint in Hugging Face form, with config.json and .safetensors files.";

function noConfig(files: ModelFiles, here: readonly string[]): TabTuneError {
  const { label } = files;
  if (files.has("model_index.json")) {
    return refuse(`${label} is a pipeline of diffusers (model_index.json), not a vision-language model.`, hubForm);
  }
  if (here.some((name) => name.endsWith(".safetensors"))) {
    const what = `${label} has weights and no ${config}, which says what they are.`;
    return refuse(what, `Download ${config} and the tokenizer's files of the same model into this folder.`);
  }
  const foreign = foreignWeights(files);
  if (foreign) return refuse(foreign.message, foreign.remedy);
  return refuse(`${label} has no ${config}.`, hubForm);
}

async function adapterAlone(files: ModelFiles): Promise<TabTuneError> {
  const json = (await files.readJson(adapterConfig)) as { base_model_name_or_path?: unknown } | null;
  const base = json?.base_model_name_or_path;
  const of = typeof base === "string" && base !== "" ? base.slice(0, 200) : "the model it was trained on";
  return refuse(
    `${files.label} holds an adapter (${adapterConfig}) and not the model that it goes onto.`,
    `Choose the folder of its base model: ${of}.`,
  );
}

const refuse = (what: string, remedy: string): TabTuneError => new TabTuneError("not-a-checkpoint", what, remedy);
