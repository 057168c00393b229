/** Runs that were deleted just now: each can be taken back until its bytes go. */

import { titleOf } from "../../workers/training/saved/lineage.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { UNDO_SECONDS, useRuns } from "../stores/runs.ts";

export function Discarded() {
  const discarded = useRuns((s) => s.discarded);
  const { restore, purge } = useRuns.getState();
  return (
    <div aria-live="polite" className="live">
      {discarded.map((run) => (
        <div key={run.id} className="note row centred">
          <span>
            Deleted {titleOf(run)}; its {bytes(run.bytes)} are freed in {UNDO_SECONDS} seconds.
          </span>
          <Action onPress={() => void restore(run.id)}>Undo</Action>
          <Action kind="quiet" onPress={() => void purge(run.id)}>
            Free now
          </Action>
        </div>
      ))}
    </div>
  );
}
