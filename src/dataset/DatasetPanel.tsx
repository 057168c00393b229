/** The Data panel: what to train on, how far its preparation is, and the rows as the model reads them. */
import { useState } from "react";
import { READ_EXTENSIONS } from "../../workers/data/rows/detect.ts";
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { Action } from "../parts/Action.tsx";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { useDataset } from "../stores/dataset.ts";
import { takeFiles } from "../stores/drops.ts";
import { SEED_DATA_SET } from "../stores/hub-data.ts";
import { useModel } from "../stores/model.ts";
import { Columns } from "./Columns.tsx";
import { DownloadDataSet } from "./DownloadDataSet.tsx";
import { HubData } from "./HubData.tsx";
import { Rows } from "./Rows.tsx";
import { SecondDropQuestion } from "./SecondDropQuestion.tsx";
import { SkippedRows } from "./SkippedRows.tsx";
import { heldOutWords, sizeWords, statusOf } from "./status.ts";
import "./dataset.css";

/** Every file that the reader takes; `.gz` because some browsers know only the last of two extensions. */
const ACCEPT = [...READ_EXTENSIONS, "gz"]
  .map((extension) => `.${extension}`)
  .concat("image/*")
  .join(",");

export function DatasetPanel() {
  const { info, source, cached, separated, progress, waiting, gone, use, cancel } = useDataset();
  const take = (files: DroppedFile[]): void => void takeFiles(files);
  const model = useModel((s) => s.info !== undefined);
  const [showSkipped, setShowSkipped] = useState(false);
  const busy = progress !== undefined;
  const told = source?.kind === "files" ? (source.told ?? []) : [];
  const heldOut = info && heldOutWords(info, separated);
  const reason = busy ? "Rows are being prepared: wait, or press Cancel." : "";
  return (
    <Panel
      title="Data"
      place="data"
      done={info !== undefined}
      lead="Drop a folder, a zip or files anywhere on this page. They stay on this computer. Or name a data set of the hub."
    >
      <div className="row">
        <PickButton reason={reason} onPick={take} accept={ACCEPT}>
          Choose files
        </PickButton>
        <PickButton folder reason={reason} onPick={take}>
          Choose folder
        </PickButton>
        <Action reason={reason} onPress={() => void use({ kind: "sample" })}>
          Use sample data
        </Action>
        {busy && (
          <Action kind="quiet" onPress={cancel}>
            Cancel
          </Action>
        )}
      </div>
      <HubData reason={reason} />
      <details className="formats">
        <summary>What can I drop?</summary>
        <ul>
          <li>
            a folder or zip of pictures with <code>metadata.jsonl</code> or <code>metadata.csv</code>:{" "}
            <code>file_name</code> and <code>text</code>, or <code>messages</code>
          </li>
          <li>
            LLaVA JSON with <code>conversations</code> and the pictures beside it
          </li>
          <li>
            parquet files as in <code>{SEED_DATA_SET}</code>
          </li>
          <li>
            pictures with a <code>.txt</code> of the same name, CSV tables of questions and answers, WebDataset tar
            files (also <code>.tar.gz</code>)
          </li>
          <li>pictures in a folder for each class, whose name is the answer</li>
          <li>a table with columns of your own: you choose which is what, and see the rows that come of it</li>
          <li>the one after the other: a second drop is added to the first, if you say so</li>
        </ul>
      </details>
      {progress && <Progress label={`Preparing rows: ${progress.rows} ready`} detail={progress.detail} />}
      <p role="status" className="status">
        {statusOf({ info, waiting, busy, gone, model })}
      </p>
      <SecondDropQuestion />
      <Columns />
      {info && (
        <>
          <p className="detail">
            {info.label} ({info.format}): {sizeWords(info, cached)}
          </p>
          {heldOut && <p className="detail">{heldOut}</p>}
          {told.length > 0 && <p className="note">{told.join(" ")}</p>}
          {info.notes.length > 0 && (
            <ul className="note" aria-label="Notes on the data">
              {info.notes.map((words) => (
                <li key={words}>{words}</li>
              ))}
            </ul>
          )}
          {info.skipped.length > 0 && (
            <button
              type="button"
              className="quiet"
              aria-expanded={showSkipped}
              onClick={() => setShowSkipped(!showSkipped)}
            >
              {showSkipped ? "Hide skipped rows" : "Show skipped rows"}
            </button>
          )}
          {showSkipped && <SkippedRows rows={info.skipped} />}
          <Rows />
          <DownloadDataSet />
        </>
      )}
    </Panel>
  );
}
