/** A run goes on at a GPU server: the folder for it, and what the server does otherwise. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { ServerFolder } from "../parts/ServerFolder.tsx";
import { useHandOver } from "../stores/hand-over.ts";
import { words } from "../words/index.ts";

/** `obstacle`: why it cannot be made now; "" when it can. */
export function HandOver({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const { of, busy, told, notes } = useHandOver();
  const { make } = useHandOver.getState();
  const own = of === run.id;
  return (
    <ServerFolder
      obstacle={busy ? words().runs.handOver.busy : obstacle}
      told={own ? told : ""}
      notes={own ? notes : []}
      onPress={() => void make({ runId: run.id }, "runs")}
    />
  );
}
