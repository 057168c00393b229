/** Runs that were deleted just now: each can be taken back until its bytes go. */

import { titleOf } from "../../workers/training/saved/lineage.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { UNDO_SECONDS, useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";

export function Discarded() {
  const discarded = useRuns((s) => s.discarded);
  const { restore, purge } = useRuns.getState();
  const say = words().runs;
  return (
    <div aria-live="polite" className="live">
      {discarded.map((run) => (
        <div key={run.id} className="note row centred">
          <span>{say.discarded(titleOf(run), bytes(run.bytes), UNDO_SECONDS)}</span>
          <Action onPress={() => void restore(run.id)}>{say.undo}</Action>
          <Action kind="quiet" onPress={() => void purge(run.id)}>
            {say.freeNow}
          </Action>
        </div>
      ))}
    </div>
  );
}
