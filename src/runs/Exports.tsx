/** A run's result in the forms that other programs take. */
import { useState } from "react";
import type { RunSummary } from "../../workers/protocol.ts";
import { useApp } from "../app/store.ts";
import { callback, engine } from "../app/workers.ts";
import { useModel } from "../model/store.ts";
import { download } from "../parts/download.ts";
import { bytes } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { pushAdapter } from "./push.ts";

/** Chromium's; other browsers have no way to write a model of gigabytes to a folder. */
type PickFolder = (options: { mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;
const pickFolder = (window as unknown as { showDirectoryPicker?: PickFolder }).showDirectoryPicker?.bind(window);

export function Exports({ run, modelReady }: { run: RunSummary; modelReady: boolean }) {
  const [progress, setProgress] = useState<{ bytes: number; total: number }>();
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    useApp.getState().clear("runs");
    setBusy(true);
    try {
      await work();
    } catch (error) {
      useApp.getState().fail("runs", error);
    } finally {
      setBusy(false);
      setProgress(undefined);
    }
  };
  const saveGguf = (): Promise<void> =>
    attempt(async () => {
      const file = await engine((api) => api.downloadGguf(run.id));
      download(file, `tabtune-${run.modelLabel.replace(/[^\w.-]+/g, "-")}-step-${run.step}.gguf`);
    });
  const merge = async (): Promise<void> => {
    // The picker must be the first thing after the click; closing it is no error.
    const folder = await pickFolder!({ mode: "readwrite" }).catch(() => undefined);
    if (folder) await attempt(() => engine((api) => api.mergeInto(run.id, folder, callback(setProgress))));
  };
  return (
    <details>
      <summary>Other formats</summary>
      <div className="row">
        <button type="button" disabled={busy || run.step === 0} onClick={saveGguf}>
          Download GGUF
        </button>
        <button type="button" disabled={busy || run.step === 0 || !modelReady || !pickFolder} onClick={merge}>
          Save merged model
        </button>
      </div>
      <Push run={run} busy={busy} attempt={attempt} />
      {progress && (
        <Progress
          label="Merging"
          fraction={progress.bytes / progress.total}
          detail={`${bytes(progress.bytes)} of ${bytes(progress.total)} written`}
        />
      )}
      <p className="detail">
        GGUF is the adapter for llama.cpp, beside a GGUF of the same model. The merged model is the whole checkpoint, in
        its original precision, with the adapter added
        {pickFolder ? "; an empty folder is asked for." : "; this browser cannot write folders, Chrome and Edge can."}
      </p>
    </details>
  );
}

/** Name and visibility of a repository of the user's own, and what became of it. */
function Push({
  run,
  busy,
  attempt,
}: {
  run: RunSummary;
  busy: boolean;
  attempt(work: () => Promise<void>): Promise<void>;
}) {
  const { token, endpoint } = useModel((s) => s.hub);
  const [repo, setRepo] = useState("");
  const [isPrivate, setPrivate] = useState(true);
  const [address, setAddress] = useState<string>();
  const push = (): Promise<void> =>
    attempt(async () => {
      setAddress(undefined);
      const zip = await engine((api) => api.downloadAdapter(run.id));
      const title = `Adapter of step ${run.step}`;
      const visibility = isPrivate ? "private" : "public";
      setAddress(await pushAdapter({ repo, token, endpoint, visibility, zip, title }));
    });
  return (
    <>
      <div className="row">
        <label className="grow">
          <span>Name of the result on the hub</span>
          <input
            type="text"
            value={repo}
            placeholder="your-account/name"
            spellCheck={false}
            onChange={(event) => setRepo(event.target.value.trim())}
          />
        </label>
        <label className="inline">
          <input type="checkbox" checked={isPrivate} onChange={(event) => setPrivate(event.target.checked)} />
          <span>Private</span>
        </label>
        <button type="button" disabled={busy || run.step === 0 || repo === ""} onClick={push}>
          Push to the hub
        </button>
      </div>
      {address && (
        <p className="detail">
          Pushed to{" "}
          <a href={address} target="_blank" rel="noreferrer">
            {address}
          </a>
          .
        </p>
      )}
    </>
  );
}
