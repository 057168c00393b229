/** On from a saved run: more steps of the same run, or another run that begins with its adapter. What each means stands beside it. */
import { useState } from "react";
import { parseRecipe } from "../../workers/recipe.ts";
import { moreStepsWords } from "../../workers/training/more-steps.ts";
import { titleOf } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { showPanel } from "../parts/show-panel.ts";
import { useBeginning } from "../stores/beginning.ts";
import { useRecipeFile } from "../stores/recipe-file.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { hasEnded, MOST_MORE, moreObstacle } from "./status.ts";
import { Way } from "./Way.tsx";

function MoreSteps({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const [steps, setSteps] = useState(run.maxSteps);
  const { moreSteps } = useTraining.getState();
  const problem = moreObstacle(steps);
  const say = words().runs.goOn;
  const change =
    problem === "" ? moreStepsWords(parseRecipe(run.recipe), run.step, run.step + steps, run.maxSteps) : "";
  return (
    <Way title={say.longer} help={[say.same, change, say.writtenOver].filter(Boolean).join(" ")} width="two">
      <div className="row">
        <Field label={say.stepsMore} problem={problem}>
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
          {say.moreSteps}
        </Action>
      </div>
    </Way>
  );
}

/** `obstacle`: why no run can be begun on it now; "" when one can. */
export function GoOn({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const begun = useBeginning((s) => s.run?.id === run.id);
  const { beginWith } = useBeginning.getState();
  const { fill } = useRecipeFile.getState();
  const { imported } = run.lineage;
  const say = words().runs.goOn;
  return (
    <section aria-labelledby={`on-${run.id}`} className="way-group">
      <h3 id={`on-${run.id}`}>{say.title}</h3>
      <ul className="ways">
        {hasEnded(run) && <MoreSteps run={run} obstacle={obstacle} />}
        <Way title={say.another} help={say.trainOnHelp}>
          <Action
            reason={imported?.untrainable || obstacle || (begun ? words().runs.obstacles.begun : "")}
            onPress={() => {
              beginWith(run);
              showPanel("training");
            }}
          >
            {say.trainOn}
          </Action>
        </Way>
        {!imported && (
          <Way title={say.again} help={say.recipeHelp}>
            <Action onPress={() => void fill(JSON.stringify(run.recipe), say.recipeOf(titleOf(run)))}>
              {say.recipe}
            </Action>
          </Way>
        )}
      </ul>
    </section>
  );
}
