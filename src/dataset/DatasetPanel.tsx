/** The Data panel: what to train on, how far its preparation is, and the rows as the model reads them. */
import { useState } from "react";
import { READ_EXTENSIONS } from "../../workers/data/rows/detect.ts";
import type { DatasetProgress } from "../../workers/data/shards/read-drop.ts";
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { useDataset } from "../stores/dataset.ts";
import { takeFiles } from "../stores/drops.ts";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";
import { Columns } from "./Columns.tsx";
import { DownloadDataSet } from "./DownloadDataSet.tsx";
import { Forms } from "./Forms.tsx";
import { HubData } from "./HubData.tsx";
import { Rows } from "./Rows.tsx";
import { RowsSkeleton } from "./RowsSkeleton.tsx";
import { SecondDropQuestion } from "./SecondDropQuestion.tsx";
import { SkippedRows } from "./SkippedRows.tsx";
import { heldOutWords, sizeWords, statusOf } from "./status.ts";
import "./dataset.css";

/** Every file that the reader takes; `.gz` because some browsers know only the last of two extensions. */
const ACCEPT = [...READ_EXTENSIONS, "gz"]
  .map((extension) => `.${extension}`)
  .concat("image/*")
  .join(",");

/** What is being read, and what all of it will take in this browser. */
function progressWords({ detail, room }: DatasetProgress): string {
  return room ? `${detail}. ${words().data.room(bytes(room.needs), bytes(room.free))}` : detail;
}

export function DatasetPanel() {
  const { info, source, cached, separated, progress, waiting, gone, use, cancel } = useDataset();
  const take = (files: DroppedFile[]): void => void takeFiles(files);
  const model = useModel((s) => s.info !== undefined);
  const [showSkipped, setShowSkipped] = useState(false);
  const busy = progress !== undefined;
  const told = source?.kind === "files" ? (source.told ?? []) : [];
  const heldOut = info && heldOutWords(info, separated);
  const say = words().data;
  const reason = busy ? say.preparing : "";
  return (
    <Panel title={words().path.titles.data} place="data" done={info !== undefined} lead={say.lead}>
      <div className="row">
        <PickButton reason={reason} onPick={take} accept={ACCEPT}>
          {say.chooseFiles}
        </PickButton>
        <PickButton folder reason={reason} onPick={take}>
          {say.chooseFolder}
        </PickButton>
        <Action reason={reason} onPress={() => void use({ kind: "sample" })}>
          {say.useSample}
        </Action>
        {busy && (
          <Action kind="quiet" onPress={cancel}>
            {say.cancel}
          </Action>
        )}
      </div>
      <HubData reason={reason} />
      <div className="data-state" data-reading={(busy && !info) || undefined}>
        {progress && <Progress label={say.progress(progress.rows)} detail={progressWords(progress)} />}
        <p role="status" className="status">
          {statusOf({ info, waiting, busy, gone, model })}
        </p>
        {info && (
          <p className="detail">
            {say.about(info.label, info.format, sizeWords(info, cached))} {heldOut}{" "}
            {info.boxes !== undefined && say.boxes(info.boxes)}
          </p>
        )}
      </div>
      <SecondDropQuestion />
      <Columns />
      {busy && !info && <RowsSkeleton />}
      {info && (
        <>
          {told.length > 0 && <p className="note">{told.join(" ")}</p>}
          {info.notes.length > 0 && (
            <ul className="note" aria-label={say.notes}>
              {info.notes.map((note) => (
                <li key={note} dir="auto">
                  {note}
                </li>
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
              {showSkipped ? say.skipped.hide : say.skipped.show}
            </button>
          )}
          {showSkipped && <SkippedRows rows={info.skipped} />}
          <Rows />
          <DownloadDataSet />
        </>
      )}
      <Forms isOpen={!info && !busy && waiting === undefined} />
    </Panel>
  );
}
