import { expect, test } from "vitest";
import { memoryStore } from "../storage/memory.ts";
import { saveGeneration } from "../training/saved/save.ts";
import { savedBeginning } from "./beginning.ts";

const state = { step: 1, position: { epoch: 0, index: 2 } };

test.each<[string, object, string]>([
  ["a tensor", state, "ema/0"],
  ["a state", { ...state, scale: 2 }, "lora/0"],
])("a checkpoint with %s of a later version is refused", async (_, saved, name) => {
  const store = memoryStore();
  await saveGeneration(store, "r", { step: 1, state: saved, tensors: [{ name, data: new Uint8Array(4) }] });
  // Refused before the model is asked for anything.
  const beginning = savedBeginning({ store, runId: "r" }, {} as never, {} as never);
  await expect(beginning).rejects.toMatchObject({ message: "This run was saved by a newer version of TabTune." });
});
