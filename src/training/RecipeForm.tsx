/** The recipe as fields. The five that matter first are always open; the rest folds away. */
import { useState } from "react";
import { limitsOf } from "../../workers/recipe.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { adapterKeys, useBeginning } from "../stores/beginning.ts";
import { useHubData } from "../stores/hub-data.ts";
import { useModel } from "../stores/model.ts";
import type { Preset } from "../stores/presets.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import {
  bestChoice,
  type ChoiceField,
  choiceFields,
  evaluationChoice,
  evaluationFields,
  fields,
  judgingChoices,
  mainFields,
  moreFields,
  type NumberField,
} from "./fields.ts";
import { PresetChanges } from "./PresetChanges.tsx";

const presetHints: Record<Preset, string> = {
  "Demo model": "made for this model",
  Practical: "a good start for most data",
  "Seed report": "all text, all linears, a large adapter",
};

function PresetSelect() {
  const preset = useTraining((s) => s.preset);
  const { setPreset } = useTraining.getState();
  const demo = useModel((s) => s.info?.recipe != null);
  const presets: Preset[] = demo ? ["Demo model", "Practical", "Seed report"] : ["Practical", "Seed report"];
  return (
    <Field label="Preset" hint={presetHints[preset]}>
      {(attributes) => (
        <select {...attributes} value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
          {presets.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The value is that of the adapter that the next run begins with. */
const useLocked = (name: string): boolean => useBeginning((s) => name in adapterKeys(s.run));
const LOCKED_HINT = "the adapter's own";

function ChoiceSelect({ field: { label, name, hint, options } }: { field: ChoiceField }) {
  const locked = useLocked(name);
  const value = useTraining((s) => s.fields[name]);
  const { setField } = useTraining.getState();
  const keyOf = (v: unknown): string => JSON.stringify(v ?? null);
  return (
    <Field label={label} hint={locked ? LOCKED_HINT : hint}>
      {(attributes) => (
        <select
          {...attributes}
          disabled={locked}
          value={keyOf(value)}
          onChange={(event) => setField(name, JSON.parse(event.target.value))}
        >
          {options.map(([option, text]) => (
            <option key={text} value={keyOf(option)}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function NumberInput({ field: { label, name, hint, optional } }: { field: NumberField }) {
  const value = useTraining((s) => s.fields[name]);
  const problem = useTraining((s) => s.problems.get(name));
  const locked = useLocked(name);
  const { setField } = useTraining.getState();
  return (
    <Field label={label} hint={locked ? LOCKED_HINT : hint} problem={problem && `Must be ${problem}.`}>
      {(attributes) => (
        <input
          {...attributes}
          type="number"
          disabled={locked}
          {...limitsOf(name)}
          value={typeof value === "number" && Number.isFinite(value) ? value : ""}
          aria-invalid={problem !== undefined}
          onChange={({ target }) => setField(name, optional && target.value === "" ? null : target.valueAsNumber)}
        />
      )}
    </Field>
  );
}

/** For those who know the fields from code, or write a recipe file. */
function FieldNames() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Hide names in recipe files" : "Show names in recipe files"}
      </button>
      {open && (
        <dl className="field-names">
          {fields.map(({ label, name }) => (
            <div key={name}>
              <dt>{label}</dt>
              <dd>
                <code>{name}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

export function RecipeForm() {
  const running = useTraining((s) => isRunning(s.state));
  const seed = useTraining((s) => s.preset === "Seed report");
  const measures = useTraining((s) => s.fields.eval_strategy === "steps");
  const asking = useHubData((s) => s.asking);
  const { lookUpSeed } = useHubData.getState();
  return (
    <fieldset className="recipe" disabled={running}>
      <legend className="visually-hidden">Recipe</legend>
      <div className="fields">
        <PresetSelect />
        {mainFields.map((field) => (
          <NumberInput key={field.name} field={field} />
        ))}
        <ChoiceSelect field={evaluationChoice} />
        {measures && evaluationFields.map((field) => <NumberInput key={field.name} field={field} />)}
        {measures && [bestChoice, ...judgingChoices].map((field) => <ChoiceSelect key={field.name} field={field} />)}
      </div>
      <PresetChanges />
      {seed && (
        <div className="row">
          <Action reason={asking ? "The hub is being asked." : ""} onPress={() => void lookUpSeed()}>
            Use its data set
          </Action>
        </div>
      )}
      <details>
        <summary>More settings</summary>
        <div className="fields">
          {choiceFields.map((field) => (
            <ChoiceSelect key={field.name} field={field} />
          ))}
          {moreFields.map((field) => (
            <NumberInput key={field.name} field={field} />
          ))}
        </div>
        <FieldNames />
      </details>
    </fieldset>
  );
}
