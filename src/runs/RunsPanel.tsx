/** The Runs panel: every run that this browser keeps, one of them with its result. */
import { Panel } from "../parts/Panel.tsx";
import { useAccount } from "../stores/account.ts";
import { useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { AddAdapter } from "./AddAdapter.tsx";
import { Comparison } from "./Comparison.tsx";
import { Discarded } from "./Discarded.tsx";
import { RunItem } from "./RunItem.tsx";
import { shownRun } from "./shown.ts";
import "./runs.css";

export function RunsPanel() {
  const { runs, chosen } = useRuns();
  // Who comes back from a sign-in comes back to the run that is to be pushed.
  const draft = useAccount((s) => s.draft?.runId);
  const shown = shownRun(runs, chosen ?? draft);
  const say = words().runs;
  return (
    <Panel title={say.title} place="runs" lead={runs.length === 0 ? say.none : undefined}>
      {runs.length > 0 && (
        <ul className="runs">
          {runs.map((run) => (
            <RunItem key={run.id} run={run} isShown={run.id === shown} />
          ))}
        </ul>
      )}
      <Discarded />
      <Comparison />
      <AddAdapter />
    </Panel>
  );
}
