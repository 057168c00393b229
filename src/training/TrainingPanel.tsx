import type { PaceMode } from "../../workers/gpu/pace.ts";
import type { RunState } from "../../workers/training/events.ts";
import { verdictOn } from "../../workers/training/verdict.ts";
import { Action } from "../parts/Action.tsx";
import { duration, figure } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { labelOfField } from "./fields.ts";
import { LossChart } from "./LossChart.tsx";
import { secondsLeft } from "./metrics.ts";
import { PlanCard } from "./PlanCard.tsx";
import { RecipeForm } from "./RecipeForm.tsx";
import "./training.css";

/** May be changed while a run goes on: it is not part of the recipe. */
function PaceSelect() {
  const pace = useTraining((s) => s.pace);
  const { setPace } = useTraining.getState();
  return (
    <label
      className="inline"
      title="Gentle leaves about half of the GPU's time to other programs; the result is the same"
    >
      <span>Pace</span>
      <select value={pace} onChange={(event) => setPace(event.target.value as PaceMode)}>
        <option value="full speed">Full speed</option>
        <option value="gentle">Gentle</option>
      </select>
    </label>
  );
}

const words: Record<string, string> = {
  preparing: "Preparing the run",
  compiling: "Compiling kernels",
  pausing: "Pausing after this step",
  paused: "Paused",
  saving: "Saving",
  done: "Done",
  stopped: "Stopped and saved",
  failed: "Failed",
};

/** States that a run stays in: they are told at once. */
const ENDS: RunState[] = ["paused", "done", "stopped", "failed"];

export function TrainingPanel() {
  const { state, step, maxSteps, records, resumedAt, note, plan, problems } = useTraining();
  const { start, pause, unpause, stopAndSave } = useTraining.getState();
  const model = useModel((s) => s.info);
  const data = useDataset((s) => s.info);
  const running = isRunning(state);
  const loading = useModel((s) => s.progress !== undefined && s.progress.phase !== "asking");
  const answering = useChat((s) => s.busy);
  const wrong = problems.keys().next().value;
  const missing = !model
    ? "Load a model first"
    : loading
      ? "A model is being loaded"
      : !data
        ? "Choose data first"
        : wrong !== undefined
          ? `Correct ${labelOfField(wrong)} first`
          : plan?.fits === "too-large"
            ? "Does not fit"
            : "";
  const last = records.at(-1);
  const left = secondsLeft(records, maxSteps);
  const seconds = records.slice(-10).reduce((sum, r) => sum + r.seconds, 0);
  const tokens = records.slice(-10).reduce((sum, r) => sum + r.tokens, 0);
  const progress = maxSteps > 0 ? `Step ${step} of ${maxSteps}` : "";
  const status = state === "idle" ? "" : state === "training" ? progress : `${words[state]}. ${progress}`;
  const lossWords = last ? `, loss ${figure(last.loss)}` : "";
  const leftWords = running && left ? `, about ${duration(left)} left` : "";
  const made = maxSteps > 0 ? `${step} of ${maxSteps} steps` : "";
  const spoken = [state === "training" ? "" : words[state], made].filter(Boolean).join(": ") + lossWords + leftWords;
  const verdict = state === "done" || state === "stopped" ? verdictOn(records) : "";
  return (
    <Panel
      title="Training"
      place="training"
      done={state === "done"}
      lead="Only the small LoRA matrices learn. You may close this tab at any time and go on later."
    >
      <RecipeForm />
      <PlanCard />
      <div className="row centred">
        {!running && (
          <Action kind="primary" reason={missing} onPress={() => void start()}>
            Start training
          </Action>
        )}
        {running && state !== "paused" && (
          <Action
            reason={state === "training" ? "" : `${words[state]}: a run can be paused while it trains.`}
            onPress={() => void pause()}
          >
            Pause
          </Action>
        )}
        {state === "paused" && (
          <Action
            kind="primary"
            hint={answering ? "Stops the answer that is being written." : ""}
            onPress={() => void unpause()}
          >
            Resume
          </Action>
        )}
        {running && (
          <Action
            reason={state === "saving" ? "A checkpoint is being written." : ""}
            onPress={() => void stopAndSave()}
          >
            Stop and save
          </Action>
        )}
        {!running && missing && <span className="detail">{missing}</span>}
        {state === "paused" && answering && (
          <span className="detail">Resume stops the answer that is being written.</span>
        )}
        <PaceSelect />
      </div>
      {/* For eyes and tests it changes with each step; Spoken says it at the pace of speech. */}
      <p role="status" aria-live="off" className="status">
        {status}
      </p>
      <Spoken text={status && spoken} atOnce={ENDS.includes(state)} />
      {note && <p className="note">{note}</p>}
      {verdict && <p className="note">{verdict}</p>}
      {running && maxSteps > 0 && <progress aria-label="Steps" max={maxSteps} value={step} />}
      {last && (
        <dl className="figures">
          <div>
            <dt>Loss</dt>
            <dd>{figure(last.loss)}</dd>
          </div>
          <div>
            <dt>Gradient norm</dt>
            <dd>{figure(last.gradNorm)}</dd>
          </div>
          <div>
            <dt>Learning rate</dt>
            <dd>{figure(last.learningRate)}</dd>
          </div>
          <div>
            <dt>Tokens a second</dt>
            <dd>{seconds > 0 ? Math.round(tokens / seconds) : "–"}</dd>
          </div>
          <div>
            <dt>Time left</dt>
            <dd>{running && left !== undefined ? duration(left) : "–"}</dd>
          </div>
        </dl>
      )}
      {records.length > 0 && <LossChart records={records} resumedAt={resumedAt} />}
    </Panel>
  );
}
