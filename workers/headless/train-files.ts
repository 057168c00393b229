/** Files that `train` writes beside adapter and steps. */
import { adapterEntries } from "../adapter/peft-export.ts";
import type { Moments } from "../models/adapter-slabs.ts";
import type { NameScheme } from "../models/names.ts";
import type { Store } from "../storage/store.ts";
import { readAnswers, toAnswerLines } from "../training/saved/answers.ts";
import type { TensorEntry } from "../weights/formats/safetensors.ts";
import { writeWhole } from "./open.ts";

/** What the model said to held-out rows, before a break too; nothing of a run that answers none. */
export async function writeAnswers(store: Store, run: string, file: string): Promise<void> {
  const answers = await readAnswers(store, run);
  if (!answers) return;
  const lines = answers.steps.flatMap((step) => toAnswerLines(answers, step));
  await writeWhole(file, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
}

/** A moment under the names that the adapter's file has, with the optimizer's suffix. */
export function momentEntries({ modules, trained }: Moments, suffix: string, names: NameScheme): TensorEntry[] {
  return adapterEntries(modules, trained, names).map((entry) => ({ ...entry, name: `${entry.name}.${suffix}` }));
}
