/** A checkpoint whose state has what this version does not know, or is none: refused in words, and left as it is. */
import { expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { loadLatest } from "./load.ts";
import { trainerStateOf } from "./restore.ts";
import { saveGeneration } from "./save.ts";

const state = { step: 3, position: { epoch: 0, index: 6 } };

test.each<[string, unknown]>([
  ["a field of a later version", { ...state, scale: 2 }],
  ["such a field of its place in the data", { ...state, position: { ...state.position, worker: 1 } }],
  ["a place in another form", { ...state, position: [6] }],
])("%s: a newer version saved it", async (_, saved) => {
  const store = memoryStore();
  await saveGeneration(store, "r", { step: 3, state: saved, tensors: [] });
  const generation = (await loadLatest(store, "r"))!;
  expect(() => trainerStateOf(generation)).toThrow("This run was saved by a newer version of TabTune.");
  expect((await loadLatest(store, "r"))?.state).toEqual(saved);
});

test("a state of this version is taken", () => expect(trainerStateOf({ state })).toEqual(state));
