import { useEffect, useState } from "react";
import type { PaceMode } from "../../workers/protocol.ts";
import { secondsLeft } from "../../workers/train/metrics.ts";
import { useDataset } from "../dataset/store.ts";
import { useModel } from "../model/store.ts";
import { duration, figure } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { LossChart } from "./LossChart.tsx";
import { PlanCard } from "./PlanCard.tsx";
import { RecipeForm } from "./RecipeForm.tsx";
import { isRunning, useTraining } from "./store.ts";

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

/** Screen readers are told every five seconds at most; eyes see every step. */
function useSlowly<T>(value: T, milliseconds: number): T {
  const [slow, setSlow] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return slow;
}

export function TrainingPanel() {
  const { state, step, maxSteps, records, resumedAt, note, plan, start, pause, unpause, stopAndSave } = useTraining();
  const model = useModel((s) => s.info);
  const data = useDataset((s) => s.info);
  const running = isRunning(state);
  const missing = !model
    ? "Load a model first"
    : !data
      ? "Choose data first"
      : plan?.fits === "too-large"
        ? "Does not fit"
        : "";
  const last = records.at(-1);
  const left = secondsLeft(records, maxSteps);
  const seconds = records.slice(-10).reduce((sum, r) => sum + r.seconds, 0);
  const tokens = records.slice(-10).reduce((sum, r) => sum + r.tokens, 0);
  const spoken = useSlowly(
    last ? `Loss ${figure(last.loss)}${left ? `, about ${duration(left)} left` : ""}` : "",
    5000,
  );
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
          <button type="button" className="primary" disabled={missing !== ""} onClick={start}>
            Start training
          </button>
        )}
        {running && state !== "paused" && (
          <button type="button" disabled={state !== "training"} onClick={pause}>
            Pause
          </button>
        )}
        {state === "paused" && (
          <button type="button" className="primary" onClick={unpause}>
            Resume
          </button>
        )}
        {running && (
          <button type="button" disabled={state === "saving"} onClick={stopAndSave}>
            Stop and save
          </button>
        )}
        {!running && missing && <span className="detail">{missing}</span>}
        <PaceSelect />
      </div>
      <p role="status" className="status">
        {state !== "idle" && (
          <>
            {state === "training" ? "" : `${words[state]}. `}
            {maxSteps > 0 && `Step ${step} of ${maxSteps}`}
          </>
        )}
      </p>
      <p className="hidden" aria-live="polite">
        {spoken}
      </p>
      {note && <p className="note">{note}</p>}
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
