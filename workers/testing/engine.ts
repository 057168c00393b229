/** The page's engine in Node: memory for storage, Dawn for the GPU, locks of this process. Tests only. */
import { vi } from "vitest";
import { createEngine } from "../engine/engine.ts";
import { type EngineState, newEngineState } from "../engine/state.ts";
import { dataFiles } from "../headless/open.ts";
import type { DroppedFile } from "../protocol/dataset.ts";
import type { EngineApi } from "../protocol/engine.ts";
import type { ModelSource } from "../protocol/model.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { memoryStore } from "../storage/memory.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import type { RunEvent } from "../training/events.ts";
import { sharedGpu } from "./device.ts";
import { fakeLocks } from "./fake-locks.ts";
import { fakeOpfs } from "./fake-opfs.ts";
import { goldenDataset, goldenFiles, openGolden, openGoldenModel, recipeWith } from "./golden.ts";

export interface TestEngine {
  api: EngineApi;
  state: EngineState;
  store: Store;
  /** The golden model as a dropped folder. */
  source: ModelSource;
  /** How the golden case loads it. */
  loading: Record<string, unknown>;
  datasetId: string;
  /** Recipe of a run that does not end by itself. */
  recipe: Record<string, unknown>;
}

/** An engine with the golden case `own-tiny` at hand; nothing is loaded yet. */
export async function testEngine(): Promise<TestEngine> {
  const store = memoryStore();
  const gpu = await sharedGpu();
  vi.stubGlobal("navigator", {
    gpu,
    locks: fakeLocks(),
    userAgent: "test",
    storage: {
      estimate: async () => ({ usage: 0, quota: 1e12 }),
      persist: async () => true,
      persisted: async () => true,
    },
  });
  let cache: FileCache | undefined;
  const state: EngineState = {
    ...newEngineState(),
    store: async () => store,
    weightCache: async () => {
      cache ??= await openOpfsCache("weights", fakeOpfs().root);
      return cache;
    },
    rangeCache: () => openOpfsCache("ranges", fakeOpfs().root),
  };
  const golden = await openGolden("own-tiny");
  const loading = { chat_template: golden.expected.template.jinja };
  const files: DroppedFile[] = (await dataFiles(golden.modelFolder)).files;
  const opened = await openGoldenModel(golden, recipeWith(golden, "drift", loading));
  const { manifest } = await goldenDataset(opened, store, await goldenFiles(golden));
  return {
    api: createEngine(state),
    state,
    store,
    source: { kind: "folder", label: "own-tiny", files },
    loading,
    datasetId: manifest.id,
    recipe: { max_steps: 10_000, per_device_train_batch_size: 1, lora_r: 4, save_steps: 1 },
  };
}

/** Events of a run, and the wait for one of them. */
export function watchRun() {
  const events: RunEvent[] = [];
  const waiting = new Set<() => void>();
  return {
    events,
    onEvent(event: RunEvent): void {
      events.push(event);
      for (const look of waiting) look();
    },
    /** Resolves with the next event, or one that has come, that `wanted` takes. */
    until(wanted: (event: RunEvent) => boolean): Promise<RunEvent> {
      return new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(wanted);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
  };
}
