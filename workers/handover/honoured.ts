/** What of a recipe a server does not do as this engine does: told in a sentence each, or refused. */
import { TabTuneError } from "../errors.ts";
import type { Recipe } from "../recipe.ts";

/** Throws TabTuneError "bad-recipe" for a key that changes what the run is and cannot be honoured. `goesOn`: with Adam's moments of a run. */
export function serverNotes(recipe: Recipe, { goesOn }: { goesOn: boolean }): string[] {
  const metric = recipe.metricForBestModel.replace(/^eval_/, "");
  const goesByMetric = recipe.loadBestModelAtEnd || recipe.earlyStoppingPatience !== null;
  if (recipe.evalStrategy === "steps" && goesByMetric && metric !== "loss") {
    throw new TabTuneError(
      "bad-recipe",
      `metric_for_best_model is "${recipe.metricForBestModel}", a figure of answers; train.py measures the loss of held-out rows and writes no answers.`,
      'Set metric_for_best_model to "loss", or leave load_best_model_at_end and early_stopping_patience out.',
    );
  }
  const notes: string[] = [];
  if (recipe.loraDropout > 0) {
    notes.push(
      `lora_dropout ${recipe.loraDropout}: PEFT draws other masks than this engine, and other ones on each process, so losses agree in the mean and not digit for digit.`,
    );
  }
  if (recipe.evalStrategy === "steps" && recipe.evalAnswers > 0) {
    notes.push(
      `eval_answers ${recipe.evalAnswers}${recipe.evalMetric ? ` and eval_metric "${recipe.evalMetric}"` : ""}: no held-out rows are answered on the server; their loss is measured.`,
    );
  }
  if (recipe.optim === "adamw_bnb_8bit" && goesOn) {
    notes.push(
      `optim "adamw_bnb_8bit": Adam's moments of the run stay behind, and the server begins with new ones; bitsandbytes does not take them from outside.`,
    );
  }
  return notes;
}
