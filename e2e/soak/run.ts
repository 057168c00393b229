/** The run of a soak: its recipe, its start, and waiting for its steps. */
import type { Page } from "@playwright/test";
import type { RecipeJson } from "../../workers/recipe.ts";
import { button, chooseSampleData, loadDemo, SLOW } from "../fixtures.ts";

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

interface Look {
  status: string;
  /** The step that the status names, -1 without one. */
  step: number;
  alert: string | undefined;
}

/**
 * What the training panel says. A locator by role would ask every element of the page for its own, and what twenty of those a second leave
 * behind would be taken for memory of the page.
 */
export async function lookAtTraining(page: Page): Promise<Look> {
  const [status = "", alert] = await page.evaluate(() =>
    ["status", "alert"].map(
      (role) => document.querySelector(`[data-place="training"] [role="${role}"]`)?.textContent ?? undefined,
    ),
  );
  return { status, step: Number(/Step (\d+) of/.exec(status)?.[1] ?? -1), alert };
}

/** Looks every so many milliseconds, for as long as something moves there. An alert ends it, with its words. */
async function follow(page: Page, everyMs: number, isThere: (look: Look) => boolean): Promise<Look> {
  let last = "";
  let since = Date.now();
  for (;;) {
    const look = await lookAtTraining(page);
    const { status, alert } = look;
    if (isThere(look)) return look;
    if (alert) throw new Error(`Training: ${alert}`);
    if (status.startsWith("Done")) throw new Error(`The run ended too early: ${status}`);
    if (status !== last) [last, since] = [status, Date.now()];
    if (Date.now() - since > SLOW) throw new Error(`Nothing moves: ${status}`);
    await page.waitForTimeout(everyMs);
  }
}

/** Until so many steps are made. Returns how many there are then. */
export async function reachStep(page: Page, step: number): Promise<number> {
  const look = await follow(page, 50, (at) => at.step >= step);
  return look.step;
}

export async function reachEnd(page: Page, steps: number): Promise<void> {
  await follow(page, 1000, ({ status }) => status.includes(`Done. Step ${steps} of ${steps}`));
}
