/** Runs that begin with an adapter, and runs that go on past their end, as the page asks for them. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { beforeAll, expect, test } from "vitest";
import { accept } from "../testing/compare.ts";
import { type TestEngine, testEngine, watchRun } from "../testing/engine.ts";

const given = fileURLToPath(new URL("../testing/goldens/train-on/", import.meta.url));
const expected = JSON.parse(fs.readFileSync(`${given}expected.json`, "utf8"));
const filesOf = (name: string, label = name) => ({
  label,
  weights: new Uint8Array(fs.readFileSync(`${given}${name}/adapter_model.safetensors`)),
  config: fs.readFileSync(`${given}${name}/adapter_config.json`, "utf8"),
});

let engine: TestEngine;
let recipe: Record<string, unknown>;

beforeAll(async () => {
  engine = await testEngine();
  const { settings } = expected;
  recipe = {
    max_steps: 5,
    per_device_train_batch_size: settings.micro_batch,
    gradient_accumulation_steps: settings.grad_accum,
    learning_rate: settings.lr,
    lr_scheduler_type: settings.scheduler,
    data_order: "huggingface",
    lora_r: 64,
  };
  await engine.api.loadModel(engine.source, engine.loading, () => {});
}, 120_000);

test("an adapter of files is kept as it is, and a run on it makes PEFT's steps", async () => {
  const { api, datasetId } = engine;
  const kept = await api.keepAdapter(filesOf("first", "voice"));
  expect(kept).toMatchObject({ status: "done", step: 0, maxSteps: 0, datasetLabel: "voice", recipe: { lora_r: 4 } });
  expect(kept.bytes).toBeGreaterThan(0);
  expect(kept.lineage).toEqual({
    origin: { kind: "file", label: "voice" },
    imported: { untrainable: "", notes: [expect.stringContaining("was trained on oracle/own-tiny")] },
    more: [],
  });
  const zip = unzipSync(new Uint8Array(await (await api.downloadAdapter(kept.id)).arrayBuffer()));
  expect(JSON.parse(new TextDecoder().decode(zip["adapter_config.json"]))).toMatchObject({ r: 4, lora_alpha: 8 });
  expect(new TextDecoder().decode(zip["README.md"])).toContain("# voice");

  const { events, onEvent } = watchRun();
  const run = await api.train({ recipe, datasetId, from: kept.id }, onEvent);
  expect(run).toMatchObject({ status: "done", step: 5, recipe: { lora_r: 4, lora_alpha: 8 } });
  expect(run.lineage.origin).toEqual({ kind: "run", label: "voice", runId: kept.id, step: 0 });
  const losses = events.flatMap((event) => (event.type === "step" ? [event.record.loss] : []));
  expect(losses).toHaveLength(5);
  losses.forEach((loss, i) => {
    expect(Math.abs(loss - expected.second[i].loss), `step ${i + 1}`).toBeLessThan(accept.loss);
  });

  const longer = watchRun();
  const more = await api.moreSteps(run.id, 2, longer.onEvent);
  expect(more).toMatchObject({ id: run.id, status: "done", step: 7, maxSteps: 7, recipe: { max_steps: 7 } });
  expect(more.lineage.more).toEqual([{ at: 5, maxSteps: 7 }]);
  const rates = longer.events.flatMap((event) => (event.type === "step" ? [event.record.learningRate] : []));
  const cosine = (k: number): number => expected.settings.lr * 0.5 * (1 + Math.cos((Math.PI * k) / 7));
  expect(rates).toEqual([cosine(5), cosine(6)]);
  expect((await api.readLog(run.id)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);

  const child = await api.train({ recipe: { ...recipe, max_steps: 1 }, datasetId, from: run.id }, () => {});
  expect(child.lineage.origin).toMatchObject({ kind: "run", runId: run.id, step: 7 });
  await expect(api.moreSteps(kept.id, 2, () => {})).rejects.toMatchObject({ code: "bad-argument" });
}, 300_000);

test("what does not fit is refused, and nothing of it is kept", async () => {
  const { api } = engine;
  const before = (await api.listRuns()).map(({ id }) => id);
  const { weights, config, label } = filesOf("first");
  const changed = (change: object) => JSON.stringify({ ...JSON.parse(config), ...change });
  const cut = weights.slice(0, weights.length - 100);
  for (const [files, code] of [
    [{ label, config, weights: cut }, "bad-safetensors"],
    [{ label, weights, config: changed({ use_dora: true }) }, "bad-adapter"],
    [{ label, weights, config: changed({ r: 8 }) }, "bad-adapter"],
  ] as const) {
    await expect(api.keepAdapter(files)).rejects.toMatchObject({ code });
  }
  expect((await api.listRuns()).map(({ id }) => id)).toEqual(before);
});

test("one of several scales is kept to be talked to, and not trained on", async () => {
  const { api, datasetId } = engine;
  const { weights, config } = filesOf("first");
  const scaled = JSON.stringify({ ...JSON.parse(config), alpha_pattern: { q_proj: 4 } });
  const kept = await api.keepAdapter({ label: "scaled", weights, config: scaled });
  expect(kept.lineage.imported?.untrainable).toMatch(/2 different scales/);
  await expect(api.train({ recipe, datasetId, from: kept.id }, () => {})).rejects.toMatchObject({
    code: "bad-adapter",
    message: kept.lineage.imported?.untrainable,
  });
  await api.useAdapterOf(kept.id);
});

test("a run begins with the best of another one's adapters, where that is asked for", async () => {
  const { api, datasetId } = engine;
  // The other way round the first evaluation is the best: the last one is not.
  const evaluated = { eval_strategy: "steps", eval_steps: 1, eval_split: 0.3, greater_is_better: true };
  const short = { ...recipe, ...evaluated, max_steps: 3, learning_rate: 0.01, lora_r: 4 };
  const run = await api.train({ recipe: short, datasetId }, () => {});
  expect(run.best!.step).toBe(1);
  const begun = async (which?: "best" | "last") => {
    const child = await api.train({ recipe: { ...recipe, max_steps: 1 }, datasetId, from: run.id, which }, () => {});
    const [first] = await api.readLog(child.id);
    return { origin: child.lineage.origin, loss: first!.loss };
  };
  const [best, last] = [await begun("best"), await begun()];
  expect(best.origin).toMatchObject({ runId: run.id, step: 1 });
  expect(last.origin).toMatchObject({ runId: run.id, step: 3 });
  expect(last.loss).toBeLessThan(best.loss);
}, 300_000);
