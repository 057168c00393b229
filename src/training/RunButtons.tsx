/** What can be done with a run now: start, pause, resume, stop. */
import { Pause, Play, Square } from "lucide-react";
import { memo, useId } from "react";
import { Action } from "../parts/Action.tsx";
import { useChat } from "../stores/chat.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { labelOfField } from "./fields.ts";
import { missingFor, pauseObstacle } from "./status.ts";

function StartButton() {
  const { start } = useTraining.getState();
  const wrong = useTraining((s) => s.problems.keys().next().value);
  const fits = useTraining((s) => s.plan?.fits);
  const model = useModel((s) => s.info !== undefined);
  const loading = useModel((s) => s.progress !== undefined && s.progress.phase !== "asking");
  const data = useDataset((s) => s.info !== undefined);
  const missing = missingFor({ model, loading, data, wrong: wrong && labelOfField(wrong), fits });
  const id = useId();
  return (
    <>
      <Action
        kind="primary"
        icon={Play}
        reason={missing}
        describedBy={missing ? id : undefined}
        // In a task of its own: a whole run comes into the page, and the press is answered first.
        onPress={() => void setTimeout(start)}
      >
        {words().run.buttons.start}
      </Action>
      {missing && (
        <span id={id} className="detail">
          {missing}
        </span>
      )}
    </>
  );
}

function ResumeButton() {
  const { unpause } = useTraining.getState();
  const answering = useChat((s) => s.busy);
  const id = useId();
  const say = words().run.buttons;
  return (
    <>
      <Action kind="primary" icon={Play} describedBy={answering ? id : undefined} onPress={() => void unpause()}>
        {say.resume}
      </Action>
      {answering && (
        <span id={id} className="detail">
          {say.resumeStops}
        </span>
      )}
    </>
  );
}

export const RunButtons = memo(() => {
  const state = useTraining((s) => s.state);
  const { pause, stopAndSave } = useTraining.getState();
  const running = isRunning(state);
  const say = words().run.buttons;
  return (
    <div className="row centred">
      {!running && <StartButton />}
      {running && state !== "paused" && (
        <Action icon={Pause} reason={pauseObstacle(state)} onPress={() => void pause()}>
          {say.pause}
        </Action>
      )}
      {state === "paused" && <ResumeButton />}
      {running && (
        <Action icon={Square} reason={state === "saving" ? say.saving : ""} onPress={() => void stopAndSave()}>
          {say.stop}
        </Action>
      )}
    </div>
  );
});
