/** Tells that a newer version of the page is here, and leads to it: never under work that goes on. */
import { Action } from "../parts/Action.tsx";
import { useShell, useWork } from "../stores/shell.ts";
import { words } from "../words/index.ts";

export function NewVersion() {
  const newer = useShell((s) => s.newer);
  const reload = useShell((s) => s.reload);
  const work = useWork();
  const say = words().shell.version;
  return (
    <div className="new-version" data-ready={(newer && !work) || undefined} aria-live="polite">
      {newer && (
        <>
          <p>
            <strong>{say.newer}</strong> {work ? say.later : say.now}
          </p>
          <Action label={say.reloadIt} reason={work ? say.works[work] : ""} onPress={() => void reload()}>
            {say.reload}
          </Action>
        </>
      )}
    </div>
  );
}
