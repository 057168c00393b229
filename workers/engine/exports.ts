/** A saved run in the forms that other programs take: a LoRA file for llama.cpp, and merged models written to a folder. */
import { ggufLora } from "../adapter/gguf.ts";
import { exportLlamaCpp, type WeightType } from "../adapter/llama-cpp/export.ts";
import { type MergeProgress, mergeAdapter } from "../adapter/merge.ts";
import { type OpenedModel, openModel } from "../models/open.ts";
import { filesWithSettings } from "../models/picture-settings.ts";
import { familyOf } from "../models/registry.ts";
import type { Store } from "../storage/store.ts";
import { refuseOtherModel, savedModules } from "./adapters.ts";
import { intoFolder } from "./folder.ts";

export async function ggufOf(store: Store, runId: string): Promise<Blob> {
  const { info, config, ...adapter } = await savedModules(store, runId);
  const file = ggufLora(adapter, {
    name: `${info.modelLabel} on ${info.datasetLabel}`,
    ...config.decoder,
    gguf: familyOf(info.modelConfig).gguf?.(info.modelConfig),
  });
  return new Blob([file as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
}

/**
 * `saved` as `savedModules` reads it; `folder` was picked by the user, with leave to write. Returns what the merged model's files cannot
 * say of how pictures were cut; "" when nothing.
 */
export async function mergeRun(
  model: OpenedModel,
  { modules, trained, info, recipe }: Awaited<ReturnType<typeof savedModules>>,
  folder: FileSystemDirectoryHandle,
  onProgress: MergeProgress,
): Promise<string> {
  refuseOtherModel(info, model);
  const { files, note = "" } = await filesWithSettings(model.files, recipe);
  const adapter = { modules, trained, names: model.config.names };
  await intoFolder(folder, (target) => mergeAdapter(files, model.checkpoint, adapter, target, onProgress));
  return note;
}

/**
 * The same for llama.cpp and Ollama: GGUF files and a Modelfile, turns and pictures as the run's recipe has them. Returns what is
 * otherwise there than in training.
 */
export async function llamaCppRun(
  model: OpenedModel,
  { modules, trained, info, recipe }: Awaited<ReturnType<typeof savedModules>>,
  { folder, type }: { folder: FileSystemDirectoryHandle; type: WeightType },
  onProgress: MergeProgress,
): Promise<string[]> {
  refuseOtherModel(info, model);
  const asTrained = await openModel(model.files, recipe);
  const options = { name: `${info.modelLabel} on ${info.datasetLabel}`, type };
  let notes: string[] = [];
  await intoFolder(folder, async (target) => {
    notes = await exportLlamaCpp(asTrained, { modules, trained }, options, target, onProgress);
  });
  return notes;
}
