/** The adapter that a run ends with, as a file; and the other one of a run whose best is not its last. */
import { Download } from "lucide-react";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { otherAdapter } from "./status.ts";

/** `unsaved`: why there is nothing to download yet; "" when there is. */
export function DownloadAdapter({ run, unsaved }: { run: RunSummary; unsaved: string }) {
  const busy = useRuns((s) => s.busy === run.id);
  const { save } = useRuns.getState();
  const other = otherAdapter(run);
  const reason = busy ? words().runs.obstacles.beingRead : "";
  return (
    <>
      <Action icon={Download} reason={unsaved || reason} onPress={() => void save(run)}>
        {words().runs.ways.download}
      </Action>
      {other && (
        <Action kind="quiet" icon={Download} reason={reason} onPress={() => void save(run, other.which)}>
          {other.label}
        </Action>
      )}
    </>
  );
}
