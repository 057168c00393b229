/** One setting of the list: what it is called here and at Hugging Face, what it means, its limits, and how it differs from the preset. */
import { Undo2 } from "lucide-react";
import { memo, useId } from "react";
import { isNumber, limitsOf } from "../../workers/recipe.ts";
import { grouped } from "../parts/format.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { Control, useLocked } from "./Control.tsx";
import { helpOfField, isOptional, labelOfField, valueWords } from "./fields.ts";

/** "1 to 512"; "" of what is no number. Powers of ten as people write them. */
function limitsWords(name: string): string {
  if (!isNumber(name)) return "";
  const { min, max } = limitsOf(name);
  const shown = (n: number): string => (n !== 0 && Math.abs(n) < 1e-3 ? n.toExponential() : grouped(n));
  const { from, empty } = words().recipe.list;
  return [from(shown(min), shown(max)), isOptional(name) && empty].filter(Boolean).join("; ");
}

interface SettingRowProps {
  /** Hugging Face name. */
  name: string;
  /** It is not as the preset has it. */
  differs: boolean;
  /** What the preset has. */
  presetValue: unknown;
}

/** Drawn anew for its own changes only: the list has almost fifty. */
export const SettingRow = memo(({ name, differs, presetValue }: SettingRowProps) => {
  const id = useId();
  const problem = useTraining((s) => s.problems.get(name));
  const locked = useLocked(name);
  const { setField } = useTraining.getState();
  const say = words().recipe;
  const limits = limitsWords(name);
  const described = [problem && `${id}problem`, `${id}help`, differs && `${id}preset`].filter(Boolean).join(" ");
  const presetIs = valueWords(name, presetValue);
  return (
    <div className="setting" data-changed={differs ? "" : undefined}>
      <div>
        <label htmlFor={id}>{labelOfField(name)}</label>
        <code>{name}</code>
        <p className="hint" id={`${id}help`}>
          {helpOfField(name)} {locked ? say.list.locked : limits}
        </p>
      </div>
      <div>
        <Control name={name} attributes={{ id, "aria-describedby": described }} />
        {problem && (
          <span id={`${id}problem`} role="alert" className="problem">
            {say.problem(problem)}
          </span>
        )}
        {differs && (
          <p className="differs">
            <span id={`${id}preset`}>{say.list.presetIs(presetIs)}</span>
            {!locked && (
              <button
                type="button"
                className="quiet"
                aria-label={say.list.setBackLabel(labelOfField(name), presetIs)}
                onClick={() => {
                  setField(name, presetValue);
                  // The button goes with the difference.
                  document.getElementById(id)?.focus();
                }}
              >
                <Undo2 className="icon" aria-hidden /> {say.list.setBack}
              </button>
            )}
          </p>
        )}
      </div>
    </div>
  );
});
