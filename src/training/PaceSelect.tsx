/** How hard a run works the GPU. May be changed while it goes on: it is not part of the recipe. */
import { memo, useId } from "react";
import type { PaceMode } from "../../workers/gpu/pace.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

export const PaceSelect = memo(() => {
  const pace = useTraining((s) => s.pace);
  const { setPace } = useTraining.getState();
  const id = useId();
  const say = words().run.pace;
  return (
    <div className="row centred">
      <label className="inline">
        <span>{say.label}</span>
        <select value={pace} aria-describedby={id} onChange={(event) => void setPace(event.target.value as PaceMode)}>
          <option value="full speed">{say.modes["full speed"]}</option>
          <option value="gentle">{say.modes.gentle}</option>
        </select>
      </label>
      <span id={id} className="hint">
        {say.hint}
      </span>
    </div>
  );
});
