/** Below what is in sight of a run: how its curve is drawn, figures that few people ask for, and all of them as files and as a table. */
import { Download } from "lucide-react";
import { memo, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { recipeText } from "../stores/recipe-text.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import type { Drawing } from "./LossChart.tsx";
import { LossTable } from "./LossTable.tsx";
import { toCsv, toLog } from "./metrics.ts";
import { MoreFigures } from "./RunFigures.tsx";

function DrawingTools({ drawn, onDraw }: { drawn: Drawing; onDraw(drawn: Drawing): void }) {
  const say = words().chart;
  return (
    <>
      <label>
        <span>{say.smoothing}</span>
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={drawn.smoothing}
          onChange={({ target }) => onDraw({ ...drawn, smoothing: target.valueAsNumber })}
        />
      </label>
      <label className="inline">
        <input
          type="checkbox"
          checked={drawn.log}
          onChange={({ target }) => onDraw({ ...drawn, log: target.checked })}
        />
        <span>{say.logarithmic}</span>
      </label>
    </>
  );
}

/** Files of the run as it is when they are asked for. */
const Files = memo(() => {
  const runId = useTraining((s) => s.runId);
  const recipe = useRuns((s) => s.runs.find(({ id }) => id === runId)?.recipe);
  const { chart, run } = words();
  const save = (text: string, type: string, name: string): void => download(new Blob([text], { type }), name);
  const saveAs = (made: typeof toLog, type: string, name: string): void => {
    const { records, evaluations } = useTraining.getState();
    save(made(records, evaluations), type, name);
  };
  return (
    <>
      <Action kind="quiet" icon={Download} onPress={() => saveAs(toCsv, "text/csv", "loss.csv")}>
        {chart.csv}
      </Action>
      <Action kind="quiet" icon={Download} onPress={() => saveAs(toLog, "application/jsonl", "steps.jsonl")}>
        {run.files.log}
      </Action>
      <Action
        kind="quiet"
        icon={Download}
        reason={recipe ? "" : run.files.noRecipe}
        onPress={() => recipe && save(recipeText(recipe), "application/json", "recipe.json")}
      >
        {run.files.recipe}
      </Action>
    </>
  );
});

export function RunTools(props: { drawn: Drawing; onDraw(drawn: Drawing): void }) {
  const { records, evaluations, state } = useTraining();
  const [isOpen, setOpen] = useState(false);
  const { chart, run } = words();
  return (
    <>
      <div className="row centred">
        <DrawingTools {...props} />
        <Files />
      </div>
      <details>
        <summary>{run.figures.more}</summary>
        <MoreFigures records={records} />
      </details>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{chart.table}</summary>
        <LossTable records={records} evaluations={evaluations} isComplete={isOpen || !isRunning(state)} />
      </details>
    </>
  );
}
