/** Changes of rows with a field that a later version of this program has added. */
import { expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import { changed, type RowChange, readChanges, writeChanges } from "./changes.ts";

const later = { turned: [{ position: 4, degrees: 90 }] };
const messages = [{ role: "user" as const, content: [] }];

test.each<[string, RowChange]>([
  ["left out", { leaveOut: 5 }],
  ["taken back", { takeBack: 3 }],
  ["corrected", { edit: 6, messages }],
  ["undone", { undoEdit: 1 }],
  ["all undone", "undo all"],
])("a row that is %s: what a later version changed stays", async (_, change) => {
  const store = memoryStore();
  const record = { leftOut: [3], edited: [{ position: 1, messages }], ...later };
  await store.set([["changes/f", await sealJson(record)]], "strict");
  const now = changed(await readChanges(store, "changes/f"), change);
  await writeChanges(store, "changes/f", now);
  expect(await unsealJson((await store.get("changes/f"))!)).toEqual({ ...now, ...later });
});
