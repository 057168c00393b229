/** A saved run in the forms that other programs take: a LoRA file for llama.cpp, and a merged model written to a folder. */
import { ggufLora } from "../adapter/gguf.ts";
import { type MergeProgress, type MergeTarget, mergeAdapter } from "../adapter/merge.ts";
import type { OpenedModel } from "../models/open.ts";
import { filesWithSettings } from "../models/picture-settings.ts";
import { familyOf } from "../models/registry.ts";
import type { FileWriter } from "../storage/file-cache.ts";
import { orStorageFull, type Store } from "../storage/store.ts";
import { refuseOtherModel, savedModules } from "./adapters.ts";

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
  await mergeAdapter(files, model.checkpoint, adapter, targetIn(folder), onProgress);
  return note;
}

/** Files appear under their names when they are whole: the browser writes to a swap file until then. */
function targetIn(folder: FileSystemDirectoryHandle): MergeTarget {
  return {
    async create(path): Promise<FileWriter> {
      const parts = path.split("/");
      let place = folder;
      for (const part of parts.slice(0, -1)) place = await place.getDirectoryHandle(part, { create: true });
      const handle = await place.getFileHandle(parts.at(-1)!, { create: true });
      const stream = await handle.createWritable();
      let ended = false;
      return {
        write: (bytes) => orStorageFull(path, () => stream.write(bytes as Uint8Array<ArrayBuffer>)),
        commit: () =>
          orStorageFull(path, async () => {
            await stream.close();
            ended = true;
          }),
        async abort() {
          if (ended) return;
          ended = true;
          await stream.abort();
        },
      };
    },
  };
}
