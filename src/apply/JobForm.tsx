/** What the next job is: its rows, who answers, what is asked, how long an answer may be. */
import { useId } from "react";
import { titleOf as runTitle } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { useApply } from "../stores/apply.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { FileColumns } from "./FileColumns.tsx";
import { filesWords, formObstacle } from "./status.ts";

const heldOutOf = ({ recipe }: RunSummary): boolean => recipe.eval_strategy === "steps";

/** The rows that may be chosen, and how many each are; undefined where that is known later. */
function useRowChoices(runs: readonly RunSummary[]): { value: string; text: string; rows: number | undefined }[] {
  const data = useDataset((s) => s.info);
  const separated = useDataset((s) => s.separated);
  const files = useApplyFiles((s) => s.info);
  const all = (data?.rows ?? 0) + (data?.heldOut?.rows ?? 0);
  const held = separated?.heldOut || data?.heldOut?.rows;
  const say = words().apply.form;
  return [
    { value: "all", text: data ? say.all(all) : say.allUnknown, rows: all },
    ...(data ? [{ value: "held out", text: held ? say.heldOutCounted(held) : say.heldOut, rows: undefined }] : []),
    ...runs.filter(heldOutOf).map((run) => ({
      ...{ value: `run ${run.id}`, text: say.heldOutOf(runTitle(run), run.step), rows: undefined },
    })),
    { value: "files", text: files ? say.files(files.label, files.rows) : say.otherFiles, rows: files?.rows ?? 0 },
  ];
}

function OtherFiles({ reason }: { reason: string }) {
  const { info, progress, waiting, take } = useApplyFiles();
  const jobs = useApply((s) => s.jobs);
  const told = info ? filesWords(info, jobs) : "";
  const say = words().apply.files;
  const skipped = info?.skipped.length ?? 0;
  return (
    <>
      <div className="row centred">
        <PickButton reason={reason} onPick={(files) => void take(files)}>
          {say.pick}
        </PickButton>
        <PickButton folder reason={reason} onPick={(files) => void take(files)}>
          {say.pickFolder}
        </PickButton>
        <span className="hint">{say.drop}</span>
      </div>
      {progress && <Progress label={say.ready(progress.rows)} detail={progress.detail} />}
      {waiting && <p className="detail">{say.waiting}</p>}
      {info && <p className="detail">{say.found(info.label, info.format, info.rows, skipped)}</p>}
      {info && info.notes.length > 0 && (
        <ul className="note" aria-label={say.notes}>
          {info.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {told && <p className="note">{told}</p>}
      <FileColumns />
    </>
  );
}

/** @param obstacle why no rows can be answered now; "" when they can */
export function JobForm({ obstacle }: { obstacle: string }) {
  const { form, change, start } = useApply();
  const say = words().apply.form;
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
        <Field label={say.rows}>
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
        <Field label={say.by}>
          {(attributes) => (
            <select
              {...attributes}
              value={runs.some(({ id }) => id === form.adapter) ? form.adapter : ""}
              onChange={(event) => change({ adapter: event.target.value })}
            >
              <option value="">{say.base}</option>
              {runs.map((run) => (
                <option key={run.id} value={run.id}>
                  {say.run(runTitle(run), run.step)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={say.question} hint={say.questionHint}>
          {(attributes) => (
            <input
              type="text"
              {...attributes}
              value={form.prompt}
              onChange={(event) => change({ prompt: event.target.value })}
            />
          )}
        </Field>
        <Field label={say.longest} hint={say.longestHint}>
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
      {chosen.value === "files" && <OtherFiles reason={preparing ? words().apply.files.preparing : ""} />}
      <div className="row centred">
        <Action type="submit" reason={reason} describedBy={reason ? id : undefined}>
          {say.start}
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
