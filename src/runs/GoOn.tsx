/** On from a saved run: more steps of the same run, or another run that begins with its adapter. What each means stands beside it. */
import { useState } from "react";
import { parseRecipe } from "../../workers/recipe.ts";
import { moreStepsWords } from "../../workers/training/more-steps.ts";
import { titleOf } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { useRecipeFile } from "../stores/recipe-file.ts";
import { useTraining } from "../stores/training.ts";
import { hasEnded, MOST_MORE, moreObstacle } from "./status.ts";

function MoreSteps({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const [steps, setSteps] = useState(run.maxSteps);
  const { moreSteps } = useTraining.getState();
  const problem = moreObstacle(steps);
  return (
    <div className="row go-on more-steps">
      <Field label="Steps more" problem={problem}>
        {(attributes) => (
          <input
            {...attributes}
            type="number"
            min={1}
            max={MOST_MORE}
            step={1}
            value={Number.isFinite(steps) ? steps : ""}
            onChange={(event) => setSteps(event.target.valueAsNumber)}
          />
        )}
      </Field>
      <Action reason={obstacle || problem} onPress={() => void moreSteps(run.id, steps)}>
        More steps
      </Action>
      <p className="detail">
        The same run goes on.{" "}
        {problem === "" && moreStepsWords(parseRecipe(run.recipe), run.step, run.step + steps, run.maxSteps)} Its
        adapter of now is written over: download it first to keep it.
      </p>
    </div>
  );
}

/** `obstacle`: why no run can be begun on it now; "" when one can. */
export function GoOn({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const begun = useBeginning((s) => s.run?.id === run.id);
  const { beginWith } = useBeginning.getState();
  const { fill } = useRecipeFile.getState();
  const { imported } = run.lineage;
  return (
    <details>
      <summary>On from here</summary>
      {hasEnded(run) && <MoreSteps run={run} obstacle={obstacle} />}
      <div className="row go-on">
        <Action
          reason={imported?.untrainable || obstacle || (begun ? "The next run begins with it already." : "")}
          onPress={() => {
            beginWith(run);
            document.getElementById("panel-training")?.scrollIntoView({ block: "start" });
          }}
        >
          Train on from it
        </Action>
        <p className="detail">
          A new run, on any data, begins with this adapter: optimizer and learning-rate schedule are new, and this one
          stays as it is.
        </p>
      </div>
      {!imported && (
        <div className="row go-on">
          <Action onPress={() => void fill(JSON.stringify(run.recipe), `The recipe of ${titleOf(run)}`)}>
            Use its recipe
          </Action>
          <p className="detail">Fills in the form of the Training panel.</p>
        </div>
      )}
    </details>
  );
}
