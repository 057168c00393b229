/** The Training panel: the recipe and what it will need; once a run has begun, the run comes first. */
import { Panel } from "../parts/Panel.tsx";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { Beginning } from "./Beginning.tsx";
import { LiveRun } from "./LiveRun.tsx";
import { PlanCard } from "./PlanCard.tsx";
import { Questions } from "./Questions.tsx";
import { RecipeFile } from "./RecipeFile.tsx";
import { RecipeForm } from "./RecipeForm.tsx";
import "./training.css";

export function TrainingPanel() {
  const begun = useTraining((s) => s.state !== "idle");
  const done = useTraining((s) => s.state === "done");
  const say = words().recipe;
  const run = <LiveRun key="run" />;
  const recipe = (
    <div key="recipe" className="recipe-part">
      {begun && <h3>{say.title}</h3>}
      <Beginning />
      <Questions />
      <PlanCard />
      <RecipeForm />
      <RecipeFile />
    </div>
  );
  return (
    <Panel title={say.panel} place="training" done={done} lead={begun ? undefined : say.lead}>
      {/* The run keeps its place in the document, and so the focus: what moves is the recipe. */}
      {begun ? [run, recipe] : [recipe, run]}
    </Panel>
  );
}
