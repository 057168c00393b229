/** Runs of other tabs: a tab tells the others what its run does, and the end of a tab is seen by its lock. */
import { runLock } from "../../workers/engine/storage-names.ts";
import type { RunEvent } from "../../workers/training/events.ts";
import { useRuns } from "./runs.ts";

const channel = new BroadcastChannel("tabtune-runs");

export function notifyOtherTabs(event: RunEvent): void {
  channel.postMessage(event);
}

const waiting = new Set<string>();

/** Looks again as soon as the tab that trains has ended, stopped or died. */
export async function lookAgainWhenFree(runId: string): Promise<void> {
  if (waiting.has(runId)) return;
  waiting.add(runId);
  await navigator.locks.request(runLock(runId), { mode: "shared" }, async () => {});
  waiting.delete(runId);
  await useRuns.getState().refresh();
}

/** Shows what the runs of other tabs do. To be called once, when the page opens. */
export function listenToOtherTabs(): void {
  channel.onmessage = ({ data }: MessageEvent<RunEvent>) => {
    const { runs, refresh } = useRuns.getState();
    const known = runs.some((run) => run.id === data.runId && run.status === "running-elsewhere");
    if (!known) void refresh();
    if (data.type !== "step") return;
    const { step, loss } = data.record;
    useRuns.setState({
      runs: runs.map((run) =>
        run.id === data.runId ? { ...run, step, lastLoss: loss, losses: [...run.losses, loss] } : run,
      ),
    });
  };
}
