/**
 * What one steady optimizer step of the demo model costs, through the engine's own code: counters (exact), kernels by time (of this
 * machine: only their ratios mean anything), FLOPs. Figures go to bench/results.json; the README's table is made from that file.
 */
import { readFile, writeFile } from "node:fs/promises";
import { initialLora } from "../workers/adapter/lora-init.ts";
import { loadModel, openModel } from "../workers/engine/loaded-model.ts";
import { prepareDataset } from "../workers/engine/prepare-dataset.ts";
import { planRun } from "../workers/engine/training-run.ts";
import { Arena } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { dataFiles } from "../workers/headless/open.ts";
import { filesFromDirectory } from "../workers/hub/fs-files.ts";
import { writeAdapter } from "../workers/model/adapter-slabs.ts";
import { recordTraining } from "../workers/model/llava.ts";
import { allocateAdapter } from "../workers/model/lora.ts";
import { openDataset } from "../workers/shards/shards.ts";
import { memoryStore } from "../workers/storage/memory.ts";
import { parseRecipe } from "../workers/train/recipe.ts";
import { createTrainingStep } from "../workers/train/training-step.ts";

const RESULTS = "bench/results.json";
const ROUNDS = 3;

interface Results {
  date: string;
  adapter: string;
  rows: number;
  tokens: number;
  dispatchesPerStep: number;
  submitsPerStep: number;
  buffersPerStep: number;
  bindGroupsPerStep: number;
  pipelines: number;
  pipelinesPerStep: number;
  gpuBytes: number;
  plannedBytes: number;
  megaflops: number;
  secondsPerStep: number;
  kernels: { name: string; dispatches: number; share: number; gflops: number }[];
}

async function measure(): Promise<Results> {
  const recipe = parseRecipe(JSON.parse(await readFile("public/demo/recipe.json", "utf8")));
  const gpu = await openGpu(await nodeGpu());
  const model = await loadModel(
    gpu,
    await openModel(await filesFromDirectory("public/demo/model"), recipe),
    undefined,
    () => {},
  );
  const store = memoryStore();
  const { files } = await dataFiles("public/demo/data");
  const info = await prepareDataset(store, files, "sample data", model.preparation, () => {});
  const dataset = (await openDataset(store, info.id))!;
  const examples = await Promise.all(Array.from({ length: recipe.perDeviceTrainBatchSize }, (_, i) => dataset.read(i)));

  const plan = planRun(model, recipe, dataset.manifest.longest);
  const { llava } = model;
  const arena = new Arena(gpu, llava.counters);
  const lora = { rank: recipe.loraR, alpha: recipe.loraAlpha, useRslora: recipe.useRslora };
  const adapter = allocateAdapter(arena, model.config, lora, true);
  writeAdapter(llava, adapter, (m) => initialLora(m.module, lora.rank, m.inFeatures, m.outFeatures, 1));
  const step = await createTrainingStep(llava, adapter, {
    capacity: plan.capacity,
    tileCapacity: plan.tileCapacity,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    trainOn: recipe.trainOn,
    normalise: model.normalise,
  });
  await step.run(examples, 1, 1e-3);
  const before = { ...llava.counters };
  let seconds = Number.POSITIVE_INFINITY;
  let tokens = 0;
  for (let n = 0; n < ROUNDS; n++) {
    const started = performance.now();
    ({ tokens } = await step.run(examples, n + 2, 1e-3));
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  const after = { ...llava.counters };
  const perStep = (key: keyof typeof before): number => Math.round(((after[key] - before[key]) / ROUNDS) * 10) / 10;

  // The last batch's tokens are still in the buffers: the same pass again, kernel by kernel.
  const program = await recordTraining(llava, step.runner.buffers, adapter).build(arena, llava.pipelines);
  const dims = { rows: tokens, labelRows: 64, gradScale: 1 / 64, accumulate: 0 };
  const times = [...(await program.profile(dims))].sort((a, b) => b[1].ms - a[1].ms);
  const total = times.reduce((sum, [, t]) => sum + t.ms, 0);
  return {
    date: new Date().toISOString().slice(0, 10),
    adapter: gpu.facts.description,
    rows: examples.length,
    tokens,
    dispatchesPerStep: perStep("dispatches"),
    submitsPerStep: perStep("submits"),
    buffersPerStep: perStep("buffersCreated"),
    bindGroupsPerStep: perStep("bindGroupsCreated"),
    pipelines: before.pipelinesCreated,
    pipelinesPerStep: perStep("pipelinesCreated"),
    gpuBytes: before.bytesAllocated,
    plannedBytes: plan.totalBytes,
    megaflops: Math.round(program.flops(dims) / 1e6),
    secondsPerStep: seconds,
    kernels: times.slice(0, 8).map(([name, t]) => ({
      name,
      dispatches: t.dispatches,
      share: t.ms / total,
      gflops: t.flops / t.ms / 1e6,
    })),
  };
}

function table(r: Results): string {
  const rows: [string, string][] = [
    ["rows and tokens of the step", `${r.rows} rows, ${r.tokens} tokens, no padding`],
    ["dispatches, submits", `${r.dispatchesPerStep}, ${r.submitsPerStep}`],
    [
      "buffers, bind groups, pipelines created in a steady step",
      `${r.buffersPerStep}, ${r.bindGroupsPerStep}, ${r.pipelinesPerStep}`,
    ],
    ["pipelines in all", String(r.pipelines)],
    ["GPU memory: allocated / planned", `${(r.gpuBytes / 1e6).toFixed(1)} / ${(r.plannedBytes / 1e6).toFixed(1)} MB`],
    ["work of forward and backward", `${(r.megaflops / 1e3).toFixed(1)} GFLOP`],
    ["time on 2 processor cores (software GPU)", `${r.secondsPerStep.toFixed(1)} s`],
    ...r.kernels
      .slice(0, 4)
      .map((k): [string, string] => [`share of \`${k.name}\``, `${(k.share * 100).toFixed(0)} %`]),
  ];
  return [
    "| one optimizer step of the demo model, batch 8, r 16 | |",
    "|---|---|",
    ...rows.map(([a, b]) => `| ${a} | ${b} |`),
  ].join("\n");
}

/** `--readme` writes the table of the committed results into README.md without measuring. */
export async function main(args: string[]): Promise<number> {
  const onlyReadme = args.includes("--readme");
  const results: Results = onlyReadme ? JSON.parse(await readFile(RESULTS, "utf8")) : await measure();
  if (!onlyReadme) await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  const text = table(results);
  console.log(text);
  const readme = await readFile("README.md", "utf8");
  const marked = readme.replace(/(<!-- bench:start -->\n)[\s\S]*?(\n<!-- bench:end -->)/, (_, a, b) => a + text + b);
  await writeFile("README.md", marked);
  return 0;
}
