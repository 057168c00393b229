/** `merge` and `gguf`: an adapter in the forms that other programs take. No GPU. */

import { open } from "node:fs/promises";
import path from "node:path";
import { ggufLora } from "../adapter/gguf.ts";
import { exportLlamaCpp, type WeightType } from "../adapter/llama-cpp/export.ts";
import { type MergeProgress, type MergeTarget, mergeAdapter } from "../adapter/merge.ts";
import { formatBytes } from "../data/rows/limits.ts";
import { TabTuneError } from "../errors.ts";
import type { Json } from "../models/family.ts";
import { filesWithSettings } from "../models/picture-settings.ts";
import { familyOf, parseConfig } from "../models/registry.ts";
import { makeDirectory } from "../storage/fs-directory.ts";
import { orStorageFull } from "../storage/store.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { openCheckpoint } from "../weights/hub/model-files.ts";
import { modelFolder } from "../weights/hub/model-folder.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import { importedAdapter } from "./adapter.ts";
import type { Arguments } from "./arguments.ts";
import { intoNewFolder } from "./new-folder.ts";
import { note, openedModel, recipeIn, writeWhole } from "./open.ts";
import { terminal } from "./terminal.ts";

async function modelFiles(directory: string): Promise<ModelFiles> {
  const files = await modelFolder(await filesFromDirectory(directory));
  if (files.note) note(files.note);
  return files;
}

/** The files with what `--recipe` says of pictures. What is not known, or cannot be said there, is told. */
async function withPictures(files: ModelFiles, recipe: string | undefined, configJson: unknown): Promise<ModelFiles> {
  if (recipe === undefined) {
    const { pictureSettings, modelType } = familyOf(configJson);
    if (pictureSettings.length > 0)
      note(
        `the merged model cuts pictures as the files of ${files.label} say; --recipe gives the settings that it was trained with, which ${modelType} has.`,
      );
    return files;
  }
  const written = await filesWithSettings(files, await recipeIn(recipe));
  if (written.note) note(written.note);
  return written.files;
}

export async function merge(args: Arguments): Promise<void> {
  const files = await modelFiles(args.text("model"));
  const checkpoint = await openCheckpoint(files);
  if (checkpoint.note) note(checkpoint.note);
  const configJson = await files.readJson("config.json");
  const config = parseConfig(configJson);
  const { names } = config;
  const adapter = await importedAdapter(args.text("adapter"), { config, label: files.label, configJson });
  const withSettings = await withPictures(files, args.maybe("recipe"), configJson);
  await intoTarget(args.text("out"), (target) =>
    mergeAdapter(withSettings, checkpoint, { ...adapter, names }, target, showMerging),
  );
}

const showMerging: MergeProgress = ({ bytes, total }) =>
  terminal.show("Merging", { done: bytes, total, as: formatBytes });

/** As `intoNewFolder`, for what writes file by file. */
const intoTarget = (out: string, write: (target: MergeTarget) => Promise<void>): Promise<void> =>
  intoNewFolder(out, (part) => write({ create: (name) => writerIn(part, name) }));

async function writerIn(folder: string, name: string) {
  const file = path.join(folder, name);
  await makeDirectory(path.dirname(file));
  const handle = await open(file, "wx");
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await handle.close();
  };
  return {
    write: (bytes: Uint8Array) => orStorageFull(file, () => handle.writeFile(bytes)),
    commit: end,
    abort: end,
  };
}

export async function gguf(args: Arguments): Promise<void> {
  if (args.flag("merged")) return ggufMerged(args);
  for (const option of ["type", "recipe"]) {
    if (args.flag(option)) {
      const what = `--${option} says something of the merged model only; an adapter's file is all F32.`;
      throw new TabTuneError("bad-argument", what, `Add --merged, or leave --${option} out.`);
    }
  }
  const files = await modelFiles(args.text("model"));
  const configJson = await files.readJson("config.json");
  const config = parseConfig(configJson);
  const { decoder } = config;
  const adapter = await importedAdapter(args.text("adapter"), { config, label: files.label, configJson });
  const name = path.basename(path.resolve(args.text("adapter")));
  await writeWhole(
    args.text("out"),
    ggufLora(adapter, { name, ...decoder, gguf: familyOf(configJson).gguf?.(configJson as Json) }),
  );
}

/** The whole model for llama.cpp and Ollama, into a new folder. The recipe says how training wrote turns and cut pictures. */
async function ggufMerged(args: Arguments): Promise<void> {
  const type = weightType(args.maybe("type") ?? "f16");
  const { model } = await openedModel(args);
  const { config, configJson, files } = model;
  const adapter = await importedAdapter(args.text("adapter"), { config, label: files.label, configJson });
  if (args.maybe("recipe") === undefined)
    note("turns and pictures are as the model's files say; --recipe gives what it was trained with.");
  await intoTarget(args.text("out"), async (target) => {
    const name = path.basename(path.resolve(args.text("adapter")));
    (await exportLlamaCpp(model, adapter, { name, type }, target, showMerging)).forEach(note);
  });
}

function weightType(text: string): WeightType {
  if (text === "f16" || text === "q8_0") return text;
  throw new TabTuneError("bad-argument", `--type is "${text}".`, "Give f16 or q8_0.");
}
