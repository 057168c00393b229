/** What looks wrong in the recipe of now, and buttons that set it right. */
import { useMemo } from "react";
import { adviceOnRecipe } from "../../workers/training/advice/on-recipe.ts";
import { AdviceList } from "../parts/AdviceList.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { setButton } from "./set-button.ts";

export function RecipeAdvice() {
  const planned = useTraining((s) => s.planned);
  const plan = useTraining((s) => s.plan);
  const running = useTraining((s) => isRunning(s.state));
  const data = useDataset((s) => s.info);
  const training = useDataset((s) => s.separated?.training);
  const model = useModel((s) => s.info);
  const goesOn = useBeginning((s) => s.run !== undefined);
  const advice = useMemo(() => {
    if (!planned || !plan || !model) return [];
    const rows = data && { rows: training ?? data.rows, lengths: data.lengths };
    return adviceOnRecipe({ recipe: planned, model, steps: plan.steps, data: rows, goesOn });
  }, [planned, plan, model, data, training, goesOn]);
  // What is wrong with the recipe of a run that goes on shows in the run.
  if (running) return null;
  return (
    <AdviceList
      label={words().recipe.advice}
      items={advice.map(({ about, words, set }) => ({ about, words, buttons: set ? [setButton(set, "")] : [] }))}
    />
  );
}
