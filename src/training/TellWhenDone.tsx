/** Whether the system tells somebody who looks elsewhere that the run has ended. */
import { memo } from "react";
import { useNotice } from "../stores/notice.ts";
import { words } from "../words/index.ts";

export const TellWhenDone = memo(() => {
  const { wanted, problem, want } = useNotice();
  return (
    <>
      <label className="inline">
        <input type="checkbox" checked={wanted} onChange={({ target }) => void want(target.checked)} />
        <span>{words().tab.tell}</span>
      </label>
      <span className="hint live" aria-live="polite">
        {problem}
      </span>
    </>
  );
});
