/** A run goes on at a GPU server: the folder for it, and what the server does otherwise. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { useHandOver } from "../stores/hand-over.ts";
import { words } from "../words/index.ts";

/** `obstacle`: why it cannot be made now; "" when it can. */
export function HandOver({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const { of, busy, told, notes } = useHandOver();
  const { make } = useHandOver.getState();
  const own = of === run.id;
  const say = words().runs.handOver;
  return (
    <>
      <Action reason={busy ? say.busy : obstacle} onPress={() => void make({ runId: run.id }, "runs")}>
        {say.button}
      </Action>
      <p className="hint" aria-live="polite">
        {own ? told : ""}
      </p>
      {own && notes.length > 0 && (
        <ul aria-label={say.notes}>
          {notes.map((note) => (
            <li key={note} className="detail">
              {note}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
