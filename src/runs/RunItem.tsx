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
import { language, words } from "../words/index.ts";
import { DownloadAdapter } from "./DownloadAdapter.tsx";
import { GoOn } from "./GoOn.tsx";
import { NameAndNote } from "./NameAndNote.tsx";
import { Result } from "./Result.tsx";
import { Sparkline } from "./Sparkline.tsx";
import { bestWords, canResume, deleteObstacle, lineageWords, statusOf } from "./status.ts";
import { WaysOut } from "./WaysOut.tsx";

/** The run as it is now: of one that goes on in this tab, the Training panel knows more than the list, which is as of the last checkpoint. */
function useNow(run: RunSummary, here: boolean): RunSummary {
  const step = useTraining((s) => (here ? s.step : run.step));
  const records = useTraining((s) => (here ? s.records : undefined));
  if (!records) return run;
  return { ...run, step, lastLoss: records.at(-1)?.loss ?? run.lastLoss, losses: records.map((r) => r.loss) };
}

function Compare({ run }: { run: RunSummary }) {
  const compared = useRuns((s) => s.compared);
  const { compare } = useRuns.getState();
  const say = words().runs.item;
  return (
    <label className="inline">
      <input
        type="checkbox"
        aria-label={say.compareOf(titleOf(run))}
        checked={compared.includes(run.id)}
        onChange={(event) =>
          compare(event.target.checked ? [...compared, run.id] : compared.filter((id) => id !== run.id))
        }
      />
      <span>{say.compare}</span>
    </label>
  );
}

/** The one part of an item that moves with each step. */
function Head({ run: kept, here }: { run: RunSummary; here: boolean }) {
  const run = useNow(kept, here);
  const say = words().runs.item;
  const lineage = lineageWords(run.lineage);
  return (
    <div className="run-head">
      <div>
        <strong>{titleOf(run)}</strong>
        {run.lineage.imported
          ? say.adapterFor(run.modelLabel)
          : run.name && say.madeOf(run.modelLabel, run.datasetLabel)}
        <p className="detail">
          {statusOf(run, here)}
          {run.lastLoss !== null && say.loss(figure(run.lastLoss))}
          {bestWords(run)}, {bytes(run.bytes)}, {new Date(run.createdAt).toLocaleString(language())}
        </p>
        {lineage && <p className="detail">{lineage}</p>}
        {run.note && <p className="note">{run.note}</p>}
      </div>
      <Sparkline losses={run.losses} />
    </div>
  );
}

/** `isShown`: its result is on show, with all that can be made of it. */
export function RunItem({ run, isShown }: { run: RunSummary; isShown: boolean }) {
  const running = useTraining((s) => isRunning(s.state));
  const here = useTraining((s) => running && s.runId === run.id);
  const model = useModel((s) => s.info);
  const busy = useRuns((s) => s.busy === run.id);
  const inChat = useChat((s) => s.adapterRun === run.id);
  const { discard, choose } = useRuns.getState();
  const several = useRuns((s) => s.runs.filter(({ losses }) => losses.length > 0).length > 1);
  const { resumeRun } = useTraining.getState();
  const { adopt } = useChat.getState();
  const { item: say, obstacles, finding } = words().runs;
  const resumable = canResume(run);
  const unsaved = run.bytes === 0 ? obstacles.unsaved : "";
  const needs = !model || model.id !== run.modelId ? obstacles.load(run.modelLabel) : "";
  const elsewhere = run.status === "running-elsewhere" ? obstacles.elsewhere : "";
  const otherRun = running ? obstacles.otherRun : "";
  const isOpen = isShown && !unsaved;
  const actions = (
    <div className="row">
      {resumable && !running && (
        <Action kind="primary" reason={needs} onPress={() => void resumeRun(run.id)}>
          {say.resume}
        </Action>
      )}
      {!isOpen && <DownloadAdapter run={run} unsaved={unsaved} />}
      {!isShown && !unsaved && (
        <Action label={finding.showOf(titleOf(run))} onPress={() => choose(run.id)}>
          {finding.show}
        </Action>
      )}
      <Action reason={inChat ? say.inChatAlready : needs || otherRun || unsaved} onPress={() => void adopt(run.id)}>
        {inChat ? say.inChat : say.useInChat}
      </Action>
      <Action
        kind="quiet"
        reason={deleteObstacle({ status: run.status, here, busy })}
        onPress={() => void discard(run)}
      >
        {say.delete}
      </Action>
      {several && run.losses.length > 0 && <Compare run={run} />}
    </div>
  );
  return (
    <li data-shown={isOpen || undefined}>
      <Head run={run} here={here} />
      {isOpen && !here ? (
        <Result run={run} obstacle={needs || otherRun || elsewhere}>
          {actions}
        </Result>
      ) : (
        actions
      )}
      {run.status === "running-elsewhere" && <p className="detail">{say.elsewhere}</p>}
      {needs && resumable && <p className="detail">{say.loadToGoOn(run.modelLabel)}</p>}
      {isOpen && <WaysOut run={run} needs={needs || otherRun} />}
      {isOpen && <GoOn run={run} obstacle={needs || otherRun || elsewhere} />}
      <NameAndNote run={run} />
    </li>
  );
}
