/** `train`: the page's run with files in place of panels. Checkpoints lie in OUT/checkpoints, so a killed run goes on with --resume. */
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { layoutFor, peftPrefix } from "../adapter/names.ts";
import { CONFIG_FILE, exportPeft, exportTensors, WEIGHTS_FILE } from "../adapter/peft-export.ts";
import { importLoraInit } from "../adapter/peft-import.ts";
import { readRunInfo } from "../checkpoint/runs.ts";
import { prepareDataset } from "../engine/prepare-dataset.ts";
import { type LiveAdapter, loraSettings, runTraining } from "../engine/training-run.ts";
import { TabTuneError } from "../errors.ts";
import { Planner } from "../gpu/buffers.ts";
import { writeSafetensors } from "../hub/safetensors.ts";
import { readAdapter, readMoments } from "../model/adapter-slabs.ts";
import { allocateAdapter } from "../model/lora.ts";
import type { StepRecord } from "../protocol.ts";
import { openDataset } from "../shards/shards.ts";
import { openFsStore } from "../storage/fs.ts";
import { toStepLine } from "../train/metrics.ts";
import { newControl } from "../train/trainer.ts";
import type { Arguments } from "./arguments.ts";
import { dataFiles, loadedModel, readBytes, recipeOf, writeWhole } from "./open.ts";

const RUN = "headless";
/** Steps whose gradients `--dump` writes. */
const DUMPED_STEPS = 3;

/**
 * Appends step records to steps.jsonl as they come. A resumed run first drops the lines from the step it goes on with: those steps
 * are made again, bit for bit.
 */
function stepsWriter(file: string, resume: boolean): { add(record: StepRecord): void; flush(): Promise<void> } {
  let pending: StepRecord[] = [];
  let begun = false;
  const begin = async (first: number): Promise<void> => {
    begun = true;
    const old = resume ? await readFile(file, "utf8").catch(() => "") : "";
    const kept = old.split("\n").filter((line) => line !== "" && JSON.parse(line).step < first);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, kept.map((line) => `${line}\n`).join(""));
  };
  return {
    add: (record) => pending.push(record),
    async flush() {
      const records = pending;
      pending = [];
      if (records.length === 0) return;
      if (!begun) await begin(records[0]!.step);
      await appendFile(file, records.map((record) => `${toStepLine(record)}\n`).join(""));
    },
  };
}

export async function train(args: Arguments): Promise<void> {
  const out = args.text("out");
  const recipe = await recipeOf(args.text("recipe"));
  const model = await loadedModel(args.text("model"), recipe);
  const { files, label } = await dataFiles(args.text("data"));
  const stepsFile = path.join(out, "steps.jsonl");
  const resume = args.flag("resume");
  if (!resume) await rm(path.join(out, "checkpoints"), { recursive: true, force: true });
  const store = await openFsStore(path.join(out, "checkpoints"));
  if (resume && !(await readRunInfo(store, RUN))) {
    throw new TabTuneError("bad-checkpoint", `${out} has no run to resume.`, "Leave out --resume to start one.");
  }
  const info = await prepareDataset(store, files, label, model.preparation, () => {});
  for (const row of info.skipped) process.stderr.write(`skipped ${row.source}: ${row.message}\n`);
  const dataset = (await openDataset(store, info.id))!;
  for (const note of model.notes) process.stderr.write(`note: ${note}\n`);

  const planned = allocateAdapter(new Planner(), model.config, loraSettings(recipe), false);
  const sizes = new Map(planned.modules.map((m) => [m.module, m]));
  const initFile = args.maybe("lora-init");
  const given = initFile
    ? await importLoraInit(new Uint8Array(await readBytes(initFile, "a LoRA start")), sizes, recipe.loraR)
    : [];
  const initial = new Map(given.map((m) => [m.module, m]));
  const steps = stepsWriter(stepsFile, resume);
  let live: LiveAdapter | undefined;

  try {
    await runTraining({
      model,
      store,
      dataset,
      recipe,
      runId: RUN,
      control: newControl(),
      resume,
      ...(args.whole("steps", 1) === undefined ? {} : { stopAfter: args.whole("steps", 1)! }),
      loraInit: (module) => initial.get(module),
      onAdapter: (adapter) => {
        live = adapter;
      },
      onEvent: (event) => {
        if (event.type === "step") steps.add(event.record);
      },
      onGradients: async (step, adapter) => {
        await steps.flush();
        if (!args.flag("dump") || step > DUMPED_STEPS) return;
        const gradients = await readAdapter(model.llava, adapter, adapter.grads);
        await writeWhole(path.join(out, `gradients-step-${step}.safetensors`), exportTensors(gradients));
      },
    });
    await steps.flush();
  } catch (error) {
    if (!resume) await rm(stepsFile, { force: true });
    throw error;
  }
  const { adapter } = live!;
  const modules = await readAdapter(model.llava, adapter);
  const { weights, config } = exportPeft(modules, {
    baseModel: model.files.label,
    alpha: recipe.loraAlpha,
    dropout: recipe.loraDropout,
    useRslora: recipe.useRslora,
  });
  await writeWhole(path.join(out, WEIGHTS_FILE), weights);
  await writeWhole(path.join(out, CONFIG_FILE), config);
  if (args.flag("dump")) {
    const entries = [];
    const layout = layoutFor(modules.map((m) => m.module));
    const { first, second } = await readMoments(model.llava, adapter);
    for (const [suffix, matrices] of [
      ["exp_avg", first],
      ["exp_avg_sq", second],
    ] as const) {
      for (const m of matrices) {
        const prefix = peftPrefix(m.module, layout);
        entries.push(
          {
            name: `${prefix}.lora_A.weight.${suffix}`,
            dtype: "F32" as const,
            shape: [m.rank, m.inFeatures],
            data: m.loraA,
          },
          {
            name: `${prefix}.lora_B.weight.${suffix}`,
            dtype: "F32" as const,
            shape: [m.outFeatures, m.rank],
            data: m.loraB,
          },
        );
      }
    }
    await writeWhole(path.join(out, "optimizer.safetensors"), writeSafetensors(entries));
  }
}
