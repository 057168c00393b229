/** The Training panel: the recipe and what it will need; once a run has begun, the run comes first. */
import { Panel } from "../parts/Panel.tsx";
import { useTraining } from "../stores/training.ts";
import { Beginning } from "./Beginning.tsx";
import { LiveRun } from "./LiveRun.tsx";
import { PlanCard } from "./PlanCard.tsx";
import { RecipeFile } from "./RecipeFile.tsx";
import { RecipeForm } from "./RecipeForm.tsx";
import "./training.css";

export function TrainingPanel() {
  const begun = useTraining((s) => s.state !== "idle");
  const done = useTraining((s) => s.state === "done");
  const run = <LiveRun key="run" />;
  const recipe = (
    <div key="recipe" className="recipe-part">
      {begun && <h3>Recipe</h3>}
      <Beginning />
      <RecipeForm />
      <RecipeFile />
      <PlanCard />
    </div>
  );
  return (
    <Panel
      title="Training"
      place="training"
      done={done}
      lead="Only the small LoRA matrices learn. You may close this tab at any time and go on later."
    >
      {/* The run keeps its place in the document, and so the focus: what moves is the recipe. */}
      {begun ? [run, recipe] : [recipe, run]}
    </Panel>
  );
}
