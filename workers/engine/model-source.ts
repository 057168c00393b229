/** What loading a model of the hub will cost, for the page: from headers alone. */
import type { AdapterFacts } from "../gpu/device.ts";
import { ASKING_DELAYS_MS } from "../hub/http.ts";
import { costOfLoading } from "../models/load.ts";
import { openModel } from "../models/open.ts";
import type { ModelPreview } from "../protocol/model.ts";
import type { Recipe } from "../recipe.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { onModel, usualMaxLength } from "../training/plan.ts";
import { fitOf } from "./fit.ts";
import { type HubSource, hubFiles } from "./model-files.ts";

/** What a model would be kept in: the weight cache, the GPU, and the storage that is left. */
export interface PreviewRoom {
  cache: FileCache;
  facts: Pick<AdapterFacts, "maxStorageBufferBindingSize">;
  roomBytes: number;
}

/** What loading would fetch, keep and need: from headers alone, a few megabytes at most. */
export async function previewOf(
  source: HubSource,
  given: Recipe,
  { cache, facts, roomBytes }: PreviewRoom,
  signal: AbortSignal,
): Promise<ModelPreview> {
  const files = await hubFiles(source, cache, { signal, retryDelaysMs: ASKING_DELAYS_MS });
  const opened = await openModel(files, given);
  // As the page's recipe will have it once the model is loaded.
  const recipe = { ...given, maxLength: usualMaxLength(opened) };
  const cost = await costOfLoading(opened, cache);
  const memoryOf = (changed: Recipe) => onModel(opened, changed).planOf().memory;
  const memory = memoryOf(recipe);
  return {
    id: opened.id,
    label: files.label,
    commit: files.commit,
    licence: files.licence,
    restricted: files.restricted,
    parameters: cost.parameters,
    fetchBytes: cost.toRead,
    diskBytes: cost.prepared,
    lacksBytes: Math.max(0, cost.toWrite - roomBytes),
    gpuBytes: memory.groups.find((group) => group.name === "weights")?.bytes ?? 0,
    trainingBytes: memory.totalBytes,
    ...fitOf(recipe, memoryOf, facts),
  };
}
