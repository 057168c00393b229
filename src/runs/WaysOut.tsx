/** A run's result in the forms that other programs and people take: a card each. */
import { useState } from "react";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { useDataset } from "../stores/dataset.ts";
import { fileNameOf } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { DemoPage } from "./DemoPage.tsx";
import { DownloadAdapter } from "./DownloadAdapter.tsx";
import { pickedFolder, writesFolders } from "./folder.ts";
import { HandOver } from "./HandOver.tsx";
import { LlamaCpp } from "./LlamaCpp.tsx";
import { Merging, type Written } from "./Merging.tsx";
import { Push } from "./Push.tsx";
import { exportObstacle } from "./status.ts";
import { Way } from "./Way.tsx";

/** `needs`: what has to be done before the run's model can be merged; "" when nothing. */
export function WaysOut({ run, needs }: { run: RunSummary; needs: string }) {
  const [progress, setProgress] = useState<Written>();
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const hasRows = useDataset((s) => s.source !== undefined && s.info?.id === run.datasetId);
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
    const folder = await pickedFolder();
    if (!folder) return;
    await exporting(async () => setNote(await engine((api) => api.mergeInto(run.id, folder, callback(setProgress)))));
  };
  const obstacle = exportObstacle(busy);
  const folderObstacle = obstacle || (writesFolders ? needs : words().runs.obstacles.noFolders);
  const say = words().runs.ways;
  return (
    <section aria-labelledby={`ways-${run.id}`} className="way-group">
      <h3 id={`ways-${run.id}`}>{say.title}</h3>
      <ul className="ways">
        <Way title={say.adapter} help={say.adapterHelp}>
          <div className="row">
            <DownloadAdapter run={run} unsaved="" />
          </div>
        </Way>
        <Way title={say.hub} help={say.hubHelp} width="two">
          <Push run={run} busy={busy} attempt={exporting} />
        </Way>
        <Way title={words().demo.title} help={words().demo.help} width="all">
          <DemoPage run={run} busy={busy} attempt={exporting} />
        </Way>
        <Way title={say.gguf} help={say.ggufHelp}>
          <Action reason={obstacle} onPress={() => void saveGguf()}>
            {say.downloadGguf}
          </Action>
        </Way>
        <Way title={say.llamaCpp} help={writesFolders ? say.llamaCppHelp : say.llamaCppCannot}>
          <LlamaCpp runId={run.id} obstacle={folderObstacle} attempt={exporting} />
        </Way>
        <Way title={say.merged} help={writesFolders ? say.mergedHelp : say.mergedCannot}>
          <Action reason={folderObstacle} onPress={() => void merge()}>
            {say.saveMerged}
          </Action>
          {progress && <Merging written={progress} />}
          {note && <p className="note">{note}</p>}
        </Way>
        {!run.lineage.imported && (
          <Way title={say.server} help={say.serverHelp}>
            <HandOver
              run={run}
              obstacle={obstacle || needs || (hasRows ? "" : words().runs.handOver.openData(run.datasetLabel))}
            />
          </Way>
        )}
        {hasRows && (
          <Way title={say.data} help={say.dataHelp}>
            <p>
              <a href="#data">{say.dataLink}</a>
            </p>
          </Way>
        )}
      </ul>
    </section>
  );
}
