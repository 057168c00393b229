/** The recipe as fields. The five that matter first are always open; the rest folds away. */
import { useId } from "react";
import { limitsOf } from "../../workers/recipe.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { type Preset, useTraining } from "../stores/training.ts";
import { type ChoiceField, choiceFields, mainFields, moreFields, type NumberField } from "./fields.ts";

function Choice({ choice: { label, name, hint, options } }: { choice: ChoiceField }) {
  const value = useTraining((s) => s.fields[name]);
  const setField = useTraining((s) => s.setField);
  const keyOf = (v: unknown): string => JSON.stringify(v ?? null);
  return (
    <label title={hint}>
      <span>{label}</span>
      <select value={keyOf(value)} onChange={(event) => setField(name, JSON.parse(event.target.value))}>
        {options.map(([option, text]) => (
          <option key={text} value={keyOf(option)}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function NumberInput({ field }: { field: NumberField }) {
  const value = useTraining((s) => s.fields[field.name]);
  const problem = useTraining((s) => s.problems.get(field.name));
  const setField = useTraining((s) => s.setField);
  const id = useId();
  return (
    <div>
      <label title={field.hint}>
        <span>{field.label}</span>
        <input
          type="number"
          {...limitsOf(field.name)}
          value={typeof value === "number" && Number.isFinite(value) ? value : ""}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? id : undefined}
          onChange={(event) => setField(field.name, event.target.valueAsNumber)}
        />
      </label>
      {/* Beside the label, which is the field's name. */}
      {problem && (
        <span id={id} role="alert" className="problem">
          Must be {problem}.
        </span>
      )}
    </div>
  );
}

export function RecipeForm() {
  const preset = useTraining((s) => s.preset);
  const running = useTraining((s) => isRunning(s.state));
  const { setPreset } = useTraining.getState();
  const demo = useModel((s) => s.info?.recipe != null);
  const presets: Preset[] = demo ? ["Demo model", "Practical", "Seed report"] : ["Practical", "Seed report"];
  return (
    <fieldset className="recipe" disabled={running}>
      <legend className="visually-hidden">Recipe</legend>
      <div className="fields">
        <label>
          <span>Preset</span>
          <select value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
            {presets.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {mainFields.map((field) => (
          <NumberInput key={field.name} field={field} />
        ))}
      </div>
      <details>
        <summary>More settings</summary>
        <div className="fields">
          {choiceFields.map((choice) => (
            <Choice key={choice.name} choice={choice} />
          ))}
          {moreFields.map((field) => (
            <NumberInput key={field.name} field={field} />
          ))}
        </div>
      </details>
    </fieldset>
  );
}
