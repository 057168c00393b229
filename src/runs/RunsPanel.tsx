/** The Runs panel: every run that this browser keeps. */
import { Panel } from "../parts/Panel.tsx";
import { useRuns } from "../stores/runs.ts";
import { AddAdapter } from "./AddAdapter.tsx";
import { Comparison } from "./Comparison.tsx";
import { Discarded } from "./Discarded.tsx";
import { RunItem } from "./RunItem.tsx";
import "./runs.css";

export function RunsPanel() {
  const runs = useRuns((s) => s.runs);
  return (
    <Panel
      title="Runs"
      place="runs"
      lead={runs.length === 0 ? "Runs that you start are kept here, in this browser." : undefined}
    >
      {runs.length > 0 && (
        <ul className="runs">
          {runs.map((run) => (
            <RunItem key={run.id} run={run} />
          ))}
        </ul>
      )}
      <Discarded />
      <Comparison />
      <AddAdapter />
    </Panel>
  );
}
