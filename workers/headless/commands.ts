/** The commands by name, with their options: docs/contract.md says what each of them promises. */
import type { Arguments, Options } from "./arguments.ts";
import { check } from "./check.ts";
import { dataOptions } from "./data.ts";
import { gguf, merge } from "./exports.ts";
import { handover } from "./handover.ts";
import { measure } from "./measure.ts";
import { features, preprocess } from "./pictures.ts";
import { predict } from "./predict.ts";
import { evaluate, generate, logits } from "./read-only.ts";
import { rows } from "./read-rows.ts";
import { plan, tokenize } from "./rows.ts";
import { selfTest } from "./self-test.ts";
import { train } from "./train.ts";

interface Command {
  options: Options;
  run(args: Arguments): Promise<void>;
}

export const commands: Record<string, Command> = {
  train: {
    options: {
      model: "one",
      ...dataOptions,
      recipe: "one",
      out: "one",
      steps: "maybe",
      "lora-init": "maybe",
      adapter: "maybe",
      resume: "flag",
      dump: "flag",
    },
    run: train,
  },
  tokenize: { options: { model: "one", ...dataOptions, recipe: "one" }, run: tokenize },
  preprocess: { options: { model: "one", image: "one", out: "one", recipe: "maybe" }, run: preprocess },
  features: { options: { model: "one", image: "one", out: "one", recipe: "maybe" }, run: features },
  logits: {
    options: { model: "one", adapter: "maybe", ...dataOptions, row: "one", recipe: "one", out: "one" },
    run: logits,
  },
  evaluate: {
    options: { model: "one", adapter: "maybe", ...dataOptions, recipe: "one" },
    run: evaluate,
  },
  generate: {
    options: {
      model: "one",
      adapter: "maybe",
      image: "many",
      prompt: "one",
      "max-new-tokens": "one",
      recipe: "maybe",
    },
    run: generate,
  },
  predict: {
    options: {
      model: "one",
      adapter: "maybe",
      data: "one",
      mapping: "maybe",
      boxes: "maybe",
      "box-format": "maybe",
      rows: "maybe",
      prompt: "maybe",
      metric: "maybe",
      "max-new-tokens": "maybe",
      recipe: "maybe",
      out: "one",
    },
    run: predict,
  },
  merge: { options: { model: "one", adapter: "one", recipe: "maybe", out: "one" }, run: merge },
  gguf: {
    options: { model: "one", adapter: "one", merged: "flag", type: "maybe", recipe: "maybe", out: "one" },
    run: gguf,
  },
  selftest: { options: { model: "maybe", all: "flag" }, run: selfTest },
  rows: {
    options: { ...dataOptions, report: "maybe", parquet: "maybe" },
    run: rows,
  },
  handover: {
    options: {
      model: "one",
      ...dataOptions,
      recipe: "one",
      adapter: "maybe",
      run: "maybe",
      "pictures-by-name": "flag",
      ranks: "maybe",
      "dry-run": "flag",
      out: "maybe",
    },
    run: handover,
  },
  check: { options: { out: "one", repair: "flag" }, run: check },
  measure: { options: { out: "one", quick: "flag" }, run: measure },
  plan: { options: { model: "one", recipe: "one" }, run: plan },
};
