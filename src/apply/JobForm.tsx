/** What the next job is: its rows, who answers, what is asked, how long an answer may be. */
import { useId } from "react";
import { titleOf as runTitle } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { counted } from "../../workers/words.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { useApply } from "../stores/apply.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { useRuns } from "../stores/runs.ts";
import { filesWords, formObstacle } from "./status.ts";

const heldOutOf = ({ recipe }: RunSummary): boolean => recipe.eval_strategy === "steps";

/** The rows that may be chosen, and how many each are; undefined where that is known later. */
function useRowChoices(runs: readonly RunSummary[]): { value: string; text: string; rows: number | undefined }[] {
  const data = useDataset((s) => s.info);
  const separated = useDataset((s) => s.separated);
  const files = useApplyFiles((s) => s.info);
  const all = (data?.rows ?? 0) + (data?.heldOut?.rows ?? 0);
  const held = separated?.heldOut || data?.heldOut?.rows;
  return [
    { value: "all", text: data ? `all of the data (${all})` : "all of the data (none yet)", rows: all },
    ...(data
      ? [{ value: "held out", text: `held-out rows of the data${held ? ` (${held})` : ""}`, rows: undefined }]
      : []),
    ...runs.filter(heldOutOf).map((run) => ({
      ...{ value: `run ${run.id}`, text: `held-out rows of ${runTitle(run)}, step ${run.step}`, rows: undefined },
    })),
    { value: "files", text: files ? `${files.label} (${files.rows})` : "other files …", rows: files?.rows ?? 0 },
  ];
}

function OtherFiles({ reason }: { reason: string }) {
  const { info, progress, waiting, asBefore, take } = useApplyFiles();
  const jobs = useApply((s) => s.jobs);
  const words = info ? filesWords(info, jobs) : "";
  const skipped = info?.skipped.length ?? 0;
  return (
    <>
      <div className="row centred">
        <PickButton reason={reason} onPick={(files) => void take(files)}>
          Files to answer
        </PickButton>
        <PickButton folder reason={reason} onPick={(files) => void take(files)}>
          Folder to answer
        </PickButton>
        <span className="hint">or drop them here; rows without an answer are welcome</span>
      </div>
      {progress && <Progress label={`Preparing rows: ${progress.rows} ready`} detail={progress.detail} />}
      {waiting && <p className="detail">Load a model: it says how these files are prepared.</p>}
      {info && (
        <p className="detail">
          {info.label} ({info.format}): {counted(info.rows, "row")} to answer
          {skipped > 0 && `, ${skipped} that cannot be`}.
          {asBefore && " Columns are read as you chose for a table with the same ones."}
        </p>
      )}
      {info && info.notes.length > 0 && (
        <ul className="note" aria-label="Notes on the files to answer">
          {info.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {words && <p className="note">{words}</p>}
    </>
  );
}

/** @param obstacle why no rows can be answered now; "" when they can */
export function JobForm({ obstacle }: { obstacle: string }) {
  const { form, change, start } = useApply();
  const id = useId();
  const model = useModel((s) => s.info);
  const runs = useRuns((s) => s.runs).filter(({ modelId, bytes }) => modelId === model?.id && bytes > 0);
  const choices = useRowChoices(runs);
  const chosen = choices.find(({ value }) => value === form.rows) ?? choices[0]!;
  const preparing = useApplyFiles((s) => s.progress !== undefined);
  const reason = obstacle || formObstacle({ rows: chosen.rows, maxNewTokens: form.maxNewTokens });
  return (
    <form
      className="apply-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!reason) void start();
      }}
    >
      <div className="fields">
        <Field label="Rows">
          {(attributes) => (
            <select {...attributes} value={chosen.value} onChange={(event) => change({ rows: event.target.value })}>
              {choices.map(({ value, text }) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Answered by">
          {(attributes) => (
            <select
              {...attributes}
              value={runs.some(({ id }) => id === form.adapter) ? form.adapter : ""}
              onChange={(event) => change({ adapter: event.target.value })}
            >
              <option value="">the base model</option>
              {runs.map((run) => (
                <option key={run.id} value={run.id}>
                  {runTitle(run)}, step {run.step}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="One question for all" hint="empty: each row's own, of a conversation the last">
          {(attributes) => (
            <input
              type="text"
              {...attributes}
              value={form.prompt}
              onChange={(event) => change({ prompt: event.target.value })}
            />
          )}
        </Field>
        <Field label="Longest answer" hint="tokens">
          {(attributes) => (
            <input
              type="number"
              min={1}
              {...attributes}
              value={Number.isNaN(form.maxNewTokens) ? "" : form.maxNewTokens}
              onChange={(event) => change({ maxNewTokens: event.target.valueAsNumber })}
            />
          )}
        </Field>
      </div>
      {chosen.value === "files" && <OtherFiles reason={preparing ? "Rows are being prepared." : ""} />}
      <div className="row centred">
        <Action type="submit" reason={reason} describedBy={reason ? id : undefined}>
          Start answering
        </Action>
        {reason && (
          <span id={id} className="detail">
            {reason}
          </span>
        )}
      </div>
    </form>
  );
}
