/** The Apply panel: rows are answered by the base model or an adapter, and what came of them. */
import { Action } from "../parts/Action.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useApply } from "../stores/apply.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isRunning, isWorking } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { JobForm } from "./JobForm.tsx";
import { Jobs } from "./Jobs.tsx";
import { Results } from "./Results.tsx";
import { answerObstacle, askedWords, resumeObstacle, statusOf, titleOf } from "./status.ts";
import "./apply.css";

/** Why no rows can be answered now, by the base model or by an adapter; "" when they can. */
function useObstacle(adapter: boolean): string {
  const model = useModel((s) => s.info !== undefined);
  const training = useTraining((s) => isWorking(s.state));
  const paused = useTraining((s) => isRunning(s.state)) && !training;
  const preparing = useApplyFiles((s) => s.progress !== undefined);
  const going = useApply((s) => s.going !== undefined);
  const chatting = useChat((s) => s.busy);
  return answerObstacle({ model, training, paused, adapter, preparing, going, chatting });
}

function JobButtons() {
  const { shown, jobs, going } = useApply();
  const { pause, stop, resume } = useApply.getState();
  const modelId = useModel((s) => s.info?.id ?? "");
  const job = jobs.find(({ id }) => id === shown);
  const busy = useObstacle(job?.adapter != null);
  if (!job) return null;
  const isGoing = going?.id === job.id;
  const say = words().apply.job;
  const reason = going?.ending ? words().apply.obstacles.ending : "";
  if (isGoing)
    return (
      <div className="row">
        <Action reason={reason} onPress={() => void pause()}>
          {say.pause}
        </Action>
        <Action reason={reason} onPress={() => void stop(job.id)}>
          {say.stop}
        </Action>
      </div>
    );
  if (job.status === "done") return null;
  return (
    <div className="row">
      <Action reason={resumeObstacle(job, modelId) || busy} onPress={() => void resume(job.id)}>
        {say.resume}
      </Action>
      {job.status === "open" && <Action onPress={() => void stop(job.id)}>{say.stop}</Action>}
    </div>
  );
}

export function ApplyPanel() {
  const { shown, jobs, going, note, form } = useApply();
  const obstacle = useObstacle(form.adapter !== "");
  const job = jobs.find(({ id }) => id === shown);
  const now = going && going.id === job?.id ? going : undefined;
  const status = statusOf(job, now);
  const say = words().apply;
  return (
    <Panel title={say.title} place="apply" lead={say.lead}>
      <JobForm obstacle={obstacle} />
      {job && (
        <div className="job">
          <h3>{titleOf(job)}</h3>
          <p className="detail">{askedWords(job)}</p>
        </div>
      )}
      {job && now && <progress aria-label={say.job.progress} max={job.rows} value={now.done} />}
      {/* What changes with each row is spoken now and then only. */}
      <p role="status" aria-live="off" className="status">
        {status}
      </p>
      <Spoken text={status} atOnce={!now} />
      {note && <p className="note">{note}</p>}
      <JobButtons />
      {job && <Results job={job} now={now} />}
      <Jobs />
    </Panel>
  );
}
