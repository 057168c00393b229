/** What the next run begins with, where that is an adapter. */

import { titleOf } from "../../workers/training/saved/lineage.ts";
import { Action } from "../parts/Action.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { stepOf } from "../stores/run-names.ts";

export function Beginning() {
  const { run, which } = useBeginning();
  const { beginWith } = useBeginning.getState();
  if (!run) return <div aria-live="polite" className="live" />;
  const step = stepOf(run, which);
  const at = step > 0 ? `, step ${step}` : "";
  return (
    <div aria-live="polite" className="note">
      <p>
        Begins with <strong>{titleOf(run)}</strong>
        {at}: its rank, alpha and adapted linears hold. Optimizer, schedule and order of rows are new; the adapter that
        it begins with stays as it is.
      </p>
      <Action kind="quiet" onPress={() => beginWith(undefined)}>
        Begin anew
      </Action>
    </div>
  );
}
