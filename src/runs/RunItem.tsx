/** A saved run: what it trained, how far it is, and what can be done with it. */

import { titleOf } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { bytes, figure } from "../parts/format.ts";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { Exports } from "./Exports.tsx";
import { GoOn } from "./GoOn.tsx";
import { NameAndNote } from "./NameAndNote.tsx";
import { SavedAnswers } from "./SavedAnswers.tsx";
import { Sparkline } from "./Sparkline.tsx";
import { bestWords, deleteObstacle, lineageWords, otherAdapter, statusOf } from "./status.ts";

/** The run as it is now: of one that goes on in this tab, the Training panel knows more than the list. */
function useNow(run: RunSummary): { here: boolean; running: boolean; now: RunSummary } {
  const running = useTraining((s) => isRunning(s.state));
  const here = useTraining((s) => running && s.runId === run.id);
  const step = useTraining((s) => (here ? s.step : run.step));
  const records = useTraining((s) => (here ? s.records : undefined));
  if (!records) return { here, running, now: run };
  const lastLoss = records.at(-1)?.loss ?? run.lastLoss;
  return { here, running, now: { ...run, step, lastLoss, losses: records.map((r) => r.loss) } };
}

export function RunItem({ run }: { run: RunSummary }) {
  const { here, running, now } = useNow(run);
  const model = useModel((s) => s.info);
  const busy = useRuns((s) => s.busy === run.id);
  const inChat = useChat((s) => s.adapterRun === run.id);
  const { save, discard, compare } = useRuns.getState();
  const compared = useRuns((s) => s.compared);
  const several = useRuns((s) => s.runs.filter(({ losses }) => losses.length > 0).length > 1);
  const { resumeRun } = useTraining.getState();
  const { adopt } = useChat.getState();
  const resumable = run.status === "interrupted" || run.status === "stopped";
  const other = otherAdapter(now);
  const unsaved = run.bytes === 0 ? "There is no checkpoint of this run yet." : "";
  const needs = !model || model.id !== run.modelId ? `Load ${run.modelLabel} first.` : "";
  const elsewhere = run.status === "running-elsewhere" ? "This run is going on in another tab." : "";
  const lineage = lineageWords(run.lineage);
  const otherRun = running ? "A run is going on: stop it first." : "";
  return (
    <li>
      <div className="run-head">
        <div>
          <strong>{titleOf(run)}</strong>
          {run.lineage.imported
            ? `, an adapter for ${run.modelLabel}`
            : run.name && `, ${run.modelLabel} on ${run.datasetLabel}`}
          <p className="detail">
            {statusOf(now, here)}
            {now.lastLoss !== null && `, loss ${figure(now.lastLoss)}`}
            {bestWords(now)}, {bytes(run.bytes)}, {new Date(run.createdAt).toLocaleString()}
          </p>
          {lineage && <p className="detail">{lineage}</p>}
          {run.note && <p className="note">{run.note}</p>}
        </div>
        <Sparkline losses={now.losses} />
      </div>
      <div className="row">
        {resumable && !running && run.step < run.maxSteps && (
          <Action kind="primary" reason={needs} onPress={() => void resumeRun(run.id)}>
            Resume run
          </Action>
        )}
        <Action reason={unsaved || (busy ? "It is being read." : "")} onPress={() => void save(run)}>
          Download adapter
        </Action>
        {other && (
          <Action kind="quiet" reason={busy ? "It is being read." : ""} onPress={() => void save(run, other.which)}>
            {other.label}
          </Action>
        )}
        <Action
          reason={inChat ? "The chat speaks by this run already." : needs || otherRun || unsaved}
          onPress={() => void adopt(run.id)}
        >
          {inChat ? "In the chat" : "Use in chat"}
        </Action>
        <Action
          kind="quiet"
          reason={deleteObstacle({ status: run.status, here, busy })}
          onPress={() => void discard(run)}
        >
          Delete
        </Action>
        {several && run.losses.length > 0 && (
          <label className="inline">
            <input
              type="checkbox"
              aria-label={`Compare ${titleOf(run)}`}
              checked={compared.includes(run.id)}
              onChange={(event) =>
                compare(event.target.checked ? [...compared, run.id] : compared.filter((id) => id !== run.id))
              }
            />
            <span>Compare</span>
          </label>
        )}
      </div>
      <div className="more">
        {!unsaved && <GoOn run={run} obstacle={needs || otherRun || elsewhere} />}
        {!unsaved && <Exports run={run} needs={needs || otherRun} />}
        {run.recipe.eval_strategy === "steps" && run.recipe.eval_answers !== 0 && <SavedAnswers run={run} />}
        <NameAndNote run={run} />
      </div>
      {run.status === "running-elsewhere" && (
        <p className="detail">You can watch it here. When that tab is closed, it can go on in this one.</p>
      )}
      {needs && resumable && <p className="detail">Load {run.modelLabel} to go on with this run.</p>}
    </li>
  );
}
