import { useState } from "react";
import { useModel } from "../model/store.ts";
import { bytes, count } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { Rows } from "./Rows.tsx";
import { SkippedRows } from "./SkippedRows.tsx";
import { useDataset } from "./store.ts";

export function DatasetPanel() {
  const { info, progress, waiting, use, drop, cancel } = useDataset();
  const model = useModel((s) => s.info);
  const [showSkipped, setShowSkipped] = useState(false);
  const busy = progress !== undefined;
  return (
    <Panel
      title="Data"
      place="data"
      done={info !== undefined}
      lead="Drop a folder, a zip or files anywhere on this page. They stay on this computer."
    >
      <div className="row">
        <PickButton disabled={busy} onPick={drop} accept=".jsonl,.json,.csv,.parquet,.zip,.tar,image/*,.txt">
          Choose files
        </PickButton>
        <PickButton folder disabled={busy} onPick={drop}>
          Choose folder
        </PickButton>
        <button type="button" disabled={busy} onClick={() => use({ kind: "sample" })}>
          Use sample data
        </button>
        {busy && (
          <button type="button" className="quiet" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
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
            parquet files as in <code>HuggingFaceH4/llava-instruct-mix-vsft</code>
          </li>
          <li>
            pictures with a <code>.txt</code> of the same name, CSV tables of questions and answers, WebDataset tar
            files
          </li>
        </ul>
      </details>
      {progress && <Progress label={`Preparing rows: ${progress.rows} ready`} detail={progress.detail} />}
      <p role="status" className="status">
        {info
          ? `${info.rows} rows ready${info.skipped.length > 0 ? `, ${info.skipped.length} skipped` : ""}`
          : waiting
            ? `Load a model: its tokenizer turns ${waiting.kind === "sample" ? "the sample data" : waiting.label} into examples.`
            : busy
              ? ""
              : model
                ? "No data yet."
                : "No data yet. You may drop it before the model is loaded."}
      </p>
      {info && (
        <>
          <p className="detail">
            {info.label} ({info.format}): {count(info.tokens)} tokens with picture slots, longest row {info.longest},{" "}
            {bytes(info.bytes)} cached in this browser.
          </p>
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
        </>
      )}
    </Panel>
  );
}
