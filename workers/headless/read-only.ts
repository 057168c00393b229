/** `logits`, `evaluate` and `generate`: a model, with or without an adapter, and no training. */

import path from "node:path";
import { moduleSizes } from "../adapter/module-sizes.ts";
import { importPeft } from "../adapter/peft-import.ts";
import { uniformAdapter } from "../adapter/uniform.ts";
import { createChat } from "../chat/generate.ts";
import { packExamples } from "../data/batches/pack.ts";
import { concatPixels, type Example, labelsOf, tilesOf } from "../data/example.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import { expandImageTokens, placeholderIds } from "../data/text/slot-text.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, readBack } from "../gpu/buffers.ts";
import { type Adapter, allocateAdapter, type LoraModule } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { measure, needFinite } from "../training/evaluation.ts";
import { createEvaluation, type Runner } from "../training/step.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import type { Arguments } from "./arguments.ts";
import { loadedModel, readBytes, writeWhole } from "./open.ts";
import { examplesOf } from "./rows.ts";

/** A PEFT adapter folder on the GPU. */
export async function adapterFrom(model: LoadedModel, directory: string | undefined): Promise<Adapter | undefined> {
  if (directory === undefined) return undefined;
  const weights = await readBytes(path.join(directory, "adapter_model.safetensors"), "an adapter folder");
  const config = (await readBytes(path.join(directory, "adapter_config.json"), "an adapter folder")).toString("utf8");
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  // The adapter is held against the model before anything is allocated for it.
  const sizes = moduleSizes(model.config);
  const { modules, trained } = await importPeft(new Uint8Array(weights), config, model.config.names, sizes);
  const { rank, scale, modules: uniform } = uniformAdapter(modules);
  const wide = uniform.some((m) => !m.module.startsWith("language_model."));
  const settings = {
    rank,
    alpha: scale * rank,
    useRslora: false,
    targets: wide ? "all-linear" : "language-model",
    trainProjector: trained.length > 0,
  } as const;
  const adapter = allocateAdapter(arena, model.config, settings, { training: false });
  const byName = new Map(uniform.map((m) => [m.module, m]));
  for (const m of adapter.modules) byName.delete(m.module);
  if (byName.size > 0) {
    throw new TabTuneError(
      "bad-adapter",
      `${directory} adapts "${[...byName.keys()][0]}", which this version cannot run.`,
      "Choose an adapter on the language model's projections.",
    );
  }
  const given = new Map(uniform.map((m) => [m.module, m]));
  const loraOf = (m: LoraModule) => {
    const found = given.get(m.module);
    // A module that the adapter leaves out is the base model's own: A = B = 0.
    return {
      loraA: found?.loraA ?? new Float32Array(rank * m.inFeatures),
      loraB: found?.loraB ?? new Float32Array(rank * m.outFeatures),
    };
  };
  const full = new Map(trained.map(({ name, values }) => [name, values]));
  writeAdapter(model.vlm, adapter, loraOf, (name) => full.get(name));
  return adapter;
}

async function runnerFor(model: LoadedModel, examples: Example[], adapter: Adapter | undefined): Promise<Runner> {
  const rows = Math.max(...examples.map((e) => e.inputIds.length));
  const tiles = Math.max(1, ...examples.map(tilesOf));
  const capacity = {
    rows,
    labelRows: rows,
    features: tiles * featuresPerTile(model.config),
  };
  return createEvaluation(model.vlm, {
    capacity,
    tileCapacity: Math.min(8, tiles),
    adapter,
  });
}

async function collect(examples: AsyncIterable<Example>): Promise<Example[]> {
  const all: Example[] = [];
  for await (const example of examples) all.push(example);
  return all;
}

export async function logits(args: Arguments): Promise<void> {
  const { model, recipe } = await loadedModel(args);
  const row = args.whole("row", 0);
  const examples = await collect(examplesOf(args, model, recipe));
  const example = examples.find((e) => e.row === row);
  if (!example)
    throw new TabTuneError("bad-argument", `Row ${row} is not there or cannot be used.`, "Choose another row.");
  const adapter = await adapterFrom(model, args.maybe("adapter"));
  const runner = await runnerFor(model, [example], adapter);
  const pack = packExamples([example], [labelsOf(example, recipe.trainOn)]);
  const { head, vocab } = model.vlm.weights;
  const { chunkRows, logits: buffer } = runner.buffers;
  const count = pack.targets.length;
  const all = new Float32Array(count * vocab);
  for (let from = 0; from < count; from += chunkRows) {
    // The head keeps one chunk of logits at a time: the label rows are run in groups that fit one.
    const part = {
      ...pack,
      labelRows: pack.labelRows.slice(from, from + chunkRows),
      targets: pack.targets.slice(from, from + chunkRows),
    };
    needFinite(await runner.losses(part), [example]);
    const rows = part.targets.length;
    const [values] = await readBack(model.vlm.gpu, [{ ...buffer, length: rows * head.out }]);
    for (let i = 0; i < rows; i++) all.set(values!.subarray(i * head.out, i * head.out + vocab), (from + i) * vocab);
  }
  await writeWhole(
    args.text("out"),
    writeSafetensors([{ name: "logits", dtype: "F32", shape: [count, vocab], data: all }]),
  );
}

export async function evaluate(args: Arguments): Promise<void> {
  const { model, recipe } = await loadedModel(args);
  const examples = await collect(examplesOf(args, model, recipe));
  const adapter = await adapterFrom(model, args.maybe("adapter"));
  const runner = await runnerFor(model, examples, adapter);
  async function* batches(): AsyncGenerator<Example[]> {
    for (const example of examples) yield [example];
  }
  const { loss, targetTokens, rows } = (await measure(runner, batches(), recipe.trainOn))!;
  process.stdout.write(`${JSON.stringify({ loss, target_tokens: targetTokens, rows })}\n`);
}

export async function generate(args: Arguments): Promise<void> {
  const { model } = await loadedModel(args);
  const { tokenizer, pictures } = preparationOf(model.preparation);
  const images: PreparedImage[] = [];
  const files = args.many("image");
  for (const file of files)
    images.push(await prepareImage(await readBytes(file, "a picture"), pictures, files.length > 1));
  const ids = tokenizer.encode(args.text("prompt"));
  const inputIds = expandImageTokens(
    ids,
    model.config.imageTokenId,
    images.map((image) => placeholderIds(pictures.placeholder(image), tokenizer)),
  );
  const maxNewTokens = args.whole("max-new-tokens", 1)!;
  const tiles = Math.max(1, tilesOf({ images }));
  const adapter = await adapterFrom(model, args.maybe("adapter"));
  const chat = await createChat(model.vlm, adapter, {
    contextRows: Math.min(inputIds.length + maxNewTokens, positionsOf(model.config.decoder)),
    tiles,
  });
  const prompt = { inputIds, images, pixels: concatPixels(images) };
  const { ids: answer } = await chat.generate(prompt, adapter !== undefined, {
    maxNewTokens,
    eosIds: model.eosIds,
    temperature: 0,
    topP: 1,
    seed: 0,
  });
  process.stdout.write(`${JSON.stringify({ ids: answer, text: tokenizer.decode(answer) })}\n`);
}
