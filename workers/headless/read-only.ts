/** `logits`, `evaluate` and `generate`: a model, with or without an adapter, and no training. */

import { createChat } from "../chat/generate.ts";
import { packExamples } from "../data/batches/pack.ts";
import { concatPixels, type Example, labelsOf, tilesOf } from "../data/example.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import { expandImageTokens, placeholderIds } from "../data/text/slot-text.ts";
import { TabTuneError } from "../errors.ts";
import { readBack } from "../gpu/buffers.ts";
import type { Adapter } from "../models/adapter.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { callCapacity } from "../models/picture-runs.ts";
import { preparationOf } from "../models/preparation.ts";
import { measure, needFinite } from "../training/evaluation.ts";
import { createEvaluation, type Runner } from "../training/step.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import { adapterOnGpu } from "./adapter.ts";
import type { Arguments } from "./arguments.ts";
import { loadedModel, readBytes, writeWhole } from "./open.ts";
import { examplesOf } from "./rows.ts";
import { terminal } from "./terminal.ts";

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
    tileCapacity: callCapacity(model.config.tower, tiles, { usual: 8, picture: tiles }),
    adapter,
  });
}

async function collect(examples: AsyncIterable<Example>): Promise<Example[]> {
  const all: Example[] = [];
  for await (const example of examples) {
    all.push(example);
    terminal.show("Preparing rows", { done: all.length });
  }
  return all;
}

export async function logits(args: Arguments): Promise<void> {
  const { model, recipe } = await loadedModel(args);
  const row = args.whole("row", 0);
  const examples = await collect(examplesOf(args, model, recipe));
  const example = examples.find((e) => e.row === row);
  if (!example)
    throw new TabTuneError("bad-argument", `Row ${row} is not there or cannot be used.`, "Choose another row.");
  const adapter = await adapterOnGpu(model, args.maybe("adapter"));
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
  const adapter = await adapterOnGpu(model, args.maybe("adapter"));
  const runner = await runnerFor(model, examples, adapter);
  async function* batches(): AsyncGenerator<Example[]> {
    for (const [i, example] of examples.entries()) {
      terminal.show("Evaluating", { done: i, total: examples.length });
      yield [example];
    }
  }
  const { loss, targetTokens, rows } = (await measure(runner, batches(), recipe.trainOn))!;
  terminal.clear();
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
  const adapter = await adapterOnGpu(model, args.maybe("adapter"));
  const chat = await createChat(model.vlm, adapter, {
    contextRows: Math.min(inputIds.length + maxNewTokens, positionsOf(model.config.decoder)),
    tiles,
  });
  const prompt = { inputIds, images, pixels: concatPixels(images) };
  terminal.show("Answering");
  const { ids: answer } = await chat.generate(prompt, adapter !== undefined, {
    maxNewTokens,
    eosIds: model.eosIds,
    temperature: 0,
    topP: 1,
    seed: 0,
  });
  terminal.clear();
  process.stdout.write(`${JSON.stringify({ ids: answer, text: tokenizer.decode(answer) })}\n`);
}
