/** The Training panel: the recipe, what it will need, the run that goes on, and how its loss falls. */
import { featureWords } from "../../workers/models/kept/feature-words.ts";
import { verdictOn } from "../../workers/training/verdict.ts";
import { Panel } from "../parts/Panel.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { isAtRest, isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { Beginning } from "./Beginning.tsx";
import { LossChart } from "./LossChart.tsx";
import { PlanCard } from "./PlanCard.tsx";
import { RecipeFile } from "./RecipeFile.tsx";
import { RecipeForm } from "./RecipeForm.tsx";
import { RunButtons } from "./RunButtons.tsx";
import { RunFigures } from "./RunFigures.tsx";
import { oddRowsWords, spokenOf, statusOf } from "./status.ts";
import "./training.css";

export function TrainingPanel() {
  const run = useTraining();
  const { state, step, maxSteps, records, evaluations, resumedAt, note, oddRows } = run;
  const features = run.features ? featureWords(run.features) : "";
  const odd = oddRowsWords(oddRows);
  const verdict = state === "done" || state === "stopped" ? verdictOn(records) : "";
  return (
    <Panel
      title="Training"
      place="training"
      done={state === "done"}
      lead="Only the small LoRA matrices learn. You may close this tab at any time and go on later."
    >
      <Beginning />
      <RecipeForm />
      <RecipeFile />
      <PlanCard />
      <RunButtons />
      {/* For eyes and tests it changes with each step; Spoken says it at the pace of speech. */}
      <p role="status" aria-live="off" className="status">
        {statusOf(run)}
      </p>
      <Spoken text={spokenOf(run)} atOnce={isAtRest(state)} />
      {note && <p className="note">{note}</p>}
      {odd && <p className="note">{odd}</p>}
      {features && <p className="detail">{features}</p>}
      {verdict && <p className="note">{verdict}</p>}
      {isRunning(state) && maxSteps > 0 && <progress aria-label="Steps" max={maxSteps} value={step} />}
      <RunFigures records={records} evaluations={evaluations} maxSteps={maxSteps} running={isRunning(state)} />
      {records.length + evaluations.length > 0 && (
        <LossChart records={records} evaluations={evaluations} resumedAt={resumedAt} />
      )}
    </Panel>
  );
}
