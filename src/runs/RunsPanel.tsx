import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { bytes, figure } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { Exports } from "./Exports.tsx";
import "./runs.css";

const states: Record<RunSummary["status"], string> = {
  interrupted: "interrupted",
  stopped: "stopped",
  done: "done",
  "running-elsewhere": "running in another tab",
};

/** More points than pixels show nothing more. */
const POINTS = 200;

/** The loss so far as a line of 120 x 28. */
function Sparkline({ losses: all }: { losses: number[] }) {
  if (all.length < 2) return null;
  const every = Math.ceil(all.length / POINTS);
  const losses = all.filter((_, i) => (all.length - 1 - i) % every === 0);
  const top = Math.max(...losses);
  const range = top - Math.min(...losses) || 1;
  const points = losses
    .map((loss, i) => `${(i / (losses.length - 1)) * 120},${2 + ((top - loss) / range) * 24}`)
    .join(" ");
  return (
    <svg className="sparkline" viewBox="0 0 120 28" aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}

export function RunsPanel() {
  const { runs, busy, save, remove } = useRuns();
  const model = useModel((s) => s.info);
  const running = useTraining((s) => isRunning(s.state));
  const { runId, step, records } = useTraining();
  const resumeRun = useTraining((s) => s.resumeRun);
  const adopt = useChat((s) => s.adopt);
  const adapterRun = useChat((s) => s.adapterRun);
  return (
    <Panel
      title="Runs"
      place="runs"
      lead={runs.length === 0 ? "Runs that you start are kept here, in this browser." : undefined}
    >
      {runs.length > 0 && (
        <ul className="runs">
          {runs.map((run) => {
            const here = running && run.id === runId;
            const otherModel = model !== undefined && model.id !== run.modelId;
            const shown = here
              ? { ...run, step, lastLoss: records.at(-1)?.loss ?? run.lastLoss, losses: records.map((r) => r.loss) }
              : run;
            const unsaved = run.step === 0 ? "There is no checkpoint of this run yet." : "";
            const needs = !model || otherModel ? `Load ${run.modelLabel} first.` : "";
            const otherRun = running ? "A run is going on: stop it first." : "";
            return (
              <li key={run.id}>
                <div className="run-head">
                  <div>
                    <strong>{run.modelLabel}</strong> on {run.datasetLabel}
                    <p className="detail">
                      {here
                        ? `running, ${shown.step} of ${run.maxSteps} steps`
                        : `${states[run.status]}, step ${run.step} of ${run.maxSteps}`}
                      {shown.lastLoss !== null && `, loss ${figure(shown.lastLoss)}`}, {bytes(run.bytes)},{" "}
                      {new Date(run.createdAt).toLocaleString()}
                    </p>
                  </div>
                  <Sparkline losses={shown.losses} />
                </div>
                <div className="row">
                  {(run.status === "interrupted" || run.status === "stopped") &&
                    !running &&
                    run.step < run.maxSteps && (
                      <Action kind="primary" reason={needs} onPress={() => void resumeRun(run.id)}>
                        Resume run
                      </Action>
                    )}
                  <Action
                    reason={unsaved || (busy === run.id ? "It is being read." : "")}
                    onPress={() => void save(run)}
                  >
                    Download adapter
                  </Action>
                  <Action
                    reason={
                      adapterRun === run.id ? "The chat speaks by this run already." : needs || otherRun || unsaved
                    }
                    onPress={() => void adopt(run.id)}
                  >
                    {adapterRun === run.id ? "In the chat" : "Use in chat"}
                  </Action>
                  <Action
                    kind="quiet"
                    reason={
                      here
                        ? "This run is going on: stop it first."
                        : run.status === "running-elsewhere"
                          ? "This run is going on in another tab."
                          : busy === run.id
                            ? "It is being deleted or read."
                            : ""
                    }
                    onPress={() => {
                      if (confirm(`Delete this run and its adapter (${bytes(run.bytes)})?`)) void remove(run.id);
                    }}
                  >
                    Delete
                  </Action>
                </div>
                {run.step > 0 && <Exports run={run} needs={needs || otherRun} />}
                {run.status === "running-elsewhere" && (
                  <p className="detail">You can watch it here. When that tab is closed, it can go on in this one.</p>
                )}
                {(!model || otherModel) && (run.status === "interrupted" || run.status === "stopped") && (
                  <p className="detail">Load {run.modelLabel} to go on with this run.</p>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
