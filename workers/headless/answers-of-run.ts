/** The file of answers that `train` writes beside adapter and steps. */
import type { Store } from "../storage/store.ts";
import { readAnswers, toAnswerLines } from "../training/saved/answers.ts";
import { writeWhole } from "./open.ts";

/** What the model said to held-out rows, before a break too; nothing of a run that answers none. */
export async function writeAnswers(store: Store, run: string, file: string): Promise<void> {
  const answers = await readAnswers(store, run);
  if (!answers) return;
  const lines = answers.steps.flatMap((step) => toAnswerLines(answers, step));
  await writeWhole(file, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
}
