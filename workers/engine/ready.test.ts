/** A run that was made ready for compiles nothing, whatever its recipe. */
import { beforeAll, expect, test } from "vitest";
import { type TestEngine, testEngine, watchRun } from "../testing/engine.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await testEngine();
  await engine.api.loadModel(engine.source, {}, () => {});
  // It compiles most of what runs dispatch: what is left is made ready here.
  await engine.api.selfTest(true);
}, 300_000);

const pipelines = (): number => engine.state.model!.vlm.counters.pipelinesCreated;

/** Starts a run and stops it after its first step. */
async function firstStep(recipe: Record<string, unknown>): Promise<void> {
  const run = watchRun();
  const ended = engine.api.train({ recipe, datasetId: engine.datasetId }, run.onEvent);
  await Promise.race([run.until((event) => event.type === "step"), ended]);
  await engine.api.stopAndSave();
  await ended;
  expect(run.events.some((event) => event.type === "step")).toBe(true);
}

test.each<[string, Record<string, unknown>, "compiles" | "has all"]>([
  ["as it is", {}, "compiles"],
  ["with dropout, on all layers", { lora_dropout: 0.1, target_modules: "all-linear" }, "compiles"],
  ["with 8-bit moments, made again", { optim: "adamw_bnb_8bit", gradient_checkpointing: true }, "has all"],
  ["with a connector that is trained in full", { modules_to_save: ["multi_modal_projector"] }, "compiles"],
])("a recipe %s", async (_, changes, expected) => {
  const recipe = { ...engine.recipe, ...changes };
  const before = pipelines();
  await engine.api.makeReady(recipe, { rows: 12, longest: 64, pictures: 1 });
  const ready = pipelines();
  expect(ready > before ? "compiles" : "has all").toBe(expected);
  await firstStep(recipe);
  expect(pipelines()).toBe(ready);
});

test("nothing is made ready beside a run, and of several recipes the last", async () => {
  const recipe = { ...engine.recipe, lora_dropout: 0.2 };
  await Promise.all([engine.api.makeReady(engine.recipe), engine.api.makeReady(recipe)]);
  const before = pipelines();
  const run = watchRun();
  const ended = engine.api.train({ recipe, datasetId: engine.datasetId }, run.onEvent);
  await run.until((event) => event.type === "step");
  await engine.api.makeReady({ ...recipe, optim: "adamw_bnb_8bit", target_modules: "all-linear" });
  expect(pipelines()).toBe(before);
  await engine.api.stopAndSave();
  await ended;
});
