/** A run's result in the forms that other programs take. */
import { useState } from "react";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { bytes } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { useAccount } from "../stores/account.ts";
import { fileNameOf } from "../stores/runs.ts";
import { Push } from "./Push.tsx";
import { exportObstacle } from "./status.ts";

/** Chromium's; other browsers have no way to write a model of gigabytes to a folder. */
type PickFolder = (options: { mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;
const pickFolder = (window as unknown as { showDirectoryPicker?: PickFolder }).showDirectoryPicker?.bind(window);

/** `needs`: what has to be done before the run's model can be merged; "" when nothing. */
export function Exports({ run, needs }: { run: RunSummary; needs: string }) {
  const [progress, setProgress] = useState<{ bytes: number; total: number }>();
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const cameBack = useAccount((s) => s.draft?.runId === run.id);
  const exporting = async (work: () => Promise<void>): Promise<void> => {
    useApp.getState().clear("runs");
    setBusy(true);
    await attempt("runs", work);
    setBusy(false);
    setProgress(undefined);
  };
  const saveGguf = (): Promise<void> =>
    exporting(async () => {
      const file = await engine((api) => api.downloadGguf(run.id));
      download(file, fileNameOf(run, "gguf"));
    });
  const merge = async (): Promise<void> => {
    // The picker must be the first thing after the click; closing it is no error.
    const folder = await pickFolder!({ mode: "readwrite" }).catch(() => undefined);
    if (!folder) return;
    await exporting(async () => setNote(await engine((api) => api.mergeInto(run.id, folder, callback(setProgress)))));
  };
  const obstacle = exportObstacle(busy);
  return (
    <details open={cameBack || undefined}>
      <summary>Other formats</summary>
      <div className="row">
        <Action reason={obstacle} onPress={() => void saveGguf()}>
          Download GGUF
        </Action>
        <Action
          reason={obstacle || (pickFolder ? needs : "This browser cannot write folders; Chrome and Edge can.")}
          onPress={() => void merge()}
        >
          Save merged model
        </Action>
      </div>
      <Push run={run} busy={busy} attempt={exporting} />
      {progress && (
        <Progress
          label="Merging"
          fraction={progress.bytes / progress.total}
          detail={`${bytes(progress.bytes)} of ${bytes(progress.total)} written`}
        />
      )}
      {note && <p className="note">{note}</p>}
      <p className="detail">
        GGUF is the adapter for llama.cpp, beside a GGUF of the same model. The merged model is the whole checkpoint, in
        its original precision, with the adapter added and pictures cut as in training
        {pickFolder ? "; an empty folder is asked for." : "; this browser cannot write folders, Chrome and Edge can."}
      </p>
    </details>
  );
}
