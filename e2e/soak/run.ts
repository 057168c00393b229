/** The run of a soak: its recipe, its start, and waiting for its steps. */
import type { Page } from "@playwright/test";
import type { RecipeJson } from "../../workers/recipe.ts";
import { alertIn, button, chooseSampleData, loadDemo, SLOW, statusOf, stepOf } from "../fixtures.ts";

/** Small batches, so that a step is short; saved often; all that a checkpoint has to keep is in use: dropout, a shuffled order, held-out rows. */
export function recipeOf(steps: number): RecipeJson & { max_steps: number; eval_steps: number; eval_answers: number } {
  return {
    max_steps: steps,
    per_device_train_batch_size: 1,
    learning_rate: 0.001,
    lr_scheduler_type: "cosine",
    lora_r: 4,
    lora_dropout: 0.1,
    save_steps: 3,
    save_total_limit: 2,
    eval_strategy: "steps",
    eval_steps: Math.max(12, Math.ceil(steps / 10)),
    eval_split: 0.07,
    eval_answers: 1,
  };
}

/** Steps after which held-out rows are measured. */
export const evaluatedSteps = ({ max_steps: steps, eval_steps: every }: ReturnType<typeof recipeOf>): number[] =>
  [...Array(steps + 1).keys()].filter((step) => step % every === 0 || step === steps);

export const addressOf = (recipe: RecipeJson): string => `/#recipe=${encodeURIComponent(JSON.stringify(recipe))}`;

/** On a page that was opened with the recipe's address. */
export async function start(page: Page): Promise<void> {
  await button(page, "Keep it").click();
  await loadDemo(page);
  await chooseSampleData(page);
  await button(page, "Start training").click();
}

/** Waits for words of the run's status, for as long as something moves there. An alert ends it, with its words. */
async function follow(page: Page, isThere: (status: string) => boolean): Promise<void> {
  const alert = alertIn(page, "Training");
  let last = "";
  let since = Date.now();
  for (;;) {
    const status = (await statusOf(page, "Training").textContent()) ?? "";
    if (isThere(status)) return;
    if (await alert.isVisible()) throw new Error(`Training: ${await alert.textContent()}`);
    if (status.startsWith("Done")) throw new Error(`The run ended too early: ${status}`);
    if (status !== last) [last, since] = [status, Date.now()];
    if (Date.now() - since > SLOW) throw new Error(`Nothing moves: ${status}`);
    await page.waitForTimeout(50);
  }
}

/** Until so many steps are made. Returns how many there are then. */
export async function reachStep(page: Page, step: number): Promise<number> {
  await follow(page, (status) => Number(/Step (\d+) of/.exec(status)?.[1] ?? -1) >= step);
  return stepOf(page);
}

export const reachEnd = (page: Page, steps: number): Promise<void> =>
  follow(page, (status) => status.includes(`Done. Step ${steps} of ${steps}`));
