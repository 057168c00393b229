/** What the next run begins with, where that is an adapter. */

import { titleOf } from "../../workers/training/saved/lineage.ts";
import { Action } from "../parts/Action.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { stepOf } from "../stores/run-names.ts";
import { words } from "../words/index.ts";

export function Beginning() {
  const { run, which } = useBeginning();
  const { beginWith } = useBeginning.getState();
  if (!run) return <div aria-live="polite" className="live" />;
  const step = stepOf(run, which);
  const say = words().recipe.beginning;
  return (
    <div aria-live="polite" className="note">
      <p>
        {say.with} <strong>{titleOf(run)}</strong>
        {step > 0 ? say.at(step) : ""}
        {say.holds}
      </p>
      <Action kind="quiet" onPress={() => beginWith(undefined)}>
        {say.anew}
      </Action>
    </div>
  );
}
