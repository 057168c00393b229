/** `tokenize` and `plan`: no GPU. */

import { type Example, labelsOf } from "../data/example.ts";
import { prepareExample } from "../data/prepare-example.ts";
import { readRows } from "../data/rows/read-rows.ts";
import { fitLength, lengthNotes } from "../data/text/fit-length.ts";
import { isRowFault, TabTuneError } from "../errors.ts";
import { policyName } from "../models/activations.ts";
import type { OpenedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { Recipe } from "../recipe.ts";
import { onModel } from "../training/plan.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { note, openedModel, skipped } from "./open.ts";

/** Usable rows of `--data`, prepared; a skipped row is told on stderr and the others go on. */
export async function* examplesOf(args: Arguments, model: OpenedModel, recipe: Recipe): AsyncGenerator<Example> {
  const preparation = preparationOf(model.preparation);
  const data = args.text("data");
  const { files, reading, first } = await dataOf(args);
  const { maxLength, trainOn } = recipe;
  let usable = 0;
  let cut = 0;
  for await (const event of readRows(files, { ...reading, first, boxTarget: preparation.boxes })) {
    if (event.type === "skipped") skipped(event.skipped.source, event.skipped.message);
    if (event.type === "format" && event.format === "note") note(event.detail);
    if (event.type !== "row") continue;
    try {
      const example = await prepareExample(event.row, preparation);
      const fitted = fitLength(example, maxLength, { trainOn, imageTokenId: model.config.imageTokenId });
      if (fitted !== example) cut += 1;
      usable += 1;
      yield fitted;
    } catch (error) {
      if (!isRowFault(error)) throw error;
      skipped(event.row.source, `${error.message} ${error.remedy}`.trim());
    }
  }
  // Rows that are left out were told one by one.
  for (const words of lengthNotes({ rows: usable, cut, leftOut: 0 }, maxLength)) note(words);
  if (usable === 0) {
    throw new TabTuneError("no-rows", `${data} has no row that can be used.`, "Correct the rows named above.");
  }
}

export async function tokenize(args: Arguments): Promise<void> {
  const { model, recipe } = await openedModel(args);
  for await (const example of examplesOf(args, model, recipe)) {
    const line = {
      row: example.row,
      input_ids: [...example.inputIds],
      labels: [...labelsOf(example, recipe.trainOn)],
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

export async function plan(args: Arguments): Promise<void> {
  const { model, recipe } = await openedModel(args);
  const { rowTokens, memory, flops } = onModel(model, recipe).planOf();
  const out = {
    bytes: Object.fromEntries(memory.groups.map(({ name, bytes }) => [name, bytes])),
    total_bytes: memory.totalBytes,
    lent_bytes: memory.lentBytes,
    answer_bytes: memory.answerBytes,
    checkpoint_bytes: memory.checkpointBytes,
    trainable_parameters: memory.trainableParameters,
    recompute_policy: policyName(memory.capacity.policy, model.config.decoder.numLayers),
    row_tokens: rowTokens,
    pass_tokens: memory.capacity.rows,
    dispatches_per_step: memory.dispatchesPerStep,
    dispatches_per_step_seen: memory.dispatchesPerStepSeen,
    flops_executed: flops.executed,
    flops_ideal: flops.ideal,
    flops_seen: flops.seen,
    kept_features: memory.kept ? { stage: memory.kept.stage, bytes_per_tile: memory.kept.tileBytes } : null,
  };
  process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
}
