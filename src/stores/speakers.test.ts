import { expect, test } from "vitest";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { speakersOf } from "./speakers.ts";

const run = (id: string, change: Partial<RunSummary> = {}): RunSummary =>
  ({
    ...{ id, name: id, modelId: "m", bytes: 5, step: 4, recipe: {}, lineage: { more: [] } },
    createdAt: `2026-11-28T10:00:0${id.length}.000Z`,
    ...change,
  }) as RunSummary;
const names = (...args: Parameters<typeof speakersOf>) => speakersOf(...args).map(({ name }) => name);

test("the base model and the adapters that were made on it; what is not saved yet cannot be asked", () => {
  const runs = [run("voice"), run("elsewhere", { modelId: "n" }), run("new", { bytes: 0 })];
  expect(speakersOf("m", runs)).toEqual([
    { key: "m base", name: "Base model" },
    { key: "m voice", name: "voice, step 4", adapter: { runId: "voice" } },
  ]);
  expect(names("m", runs, { runId: "new", step: 2 })).toEqual(["Base model", "voice, step 4", "new, step 2"]);
  expect(names("m", [run("kept", { lineage: { imported: { notes: [] }, more: [] } as never })])[1]).toBe(
    "kept, as it came",
  );
});

test("the best checkpoint beside the last, or the last beside the best that the run ends with", () => {
  const best = { step: 2, value: 1 };
  expect(speakersOf("m", [run("voice", { best })]).slice(1)).toEqual([
    { key: "m voice", name: "voice, step 4", adapter: { runId: "voice" } },
    { key: "m voice best", name: "voice, best, step 2", adapter: { runId: "voice", which: "best" } },
  ]);
  const ends = run("voice", { best, recipe: { load_best_model_at_end: true } });
  expect(names("m", [ends])).toEqual(["Base model", "voice, step 2", "voice, last, step 4"]);
});

test("runs of one name and step are told apart", () => {
  const [, one, other] = names("m", [run("a", { name: "same" }), run("bb", { name: "same" })]);
  expect(one).toMatch(/^same, step 4, of /);
  expect(other).toMatch(/^same, step 4, of /);
  expect(one).not.toBe(other);
});
