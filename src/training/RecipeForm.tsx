/** The recipe as fields: those that matter first, or the list of all. Either has each field once. */
import { useState } from "react";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { useHubData } from "../stores/hub-data.ts";
import { useModel } from "../stores/model.ts";
import type { Preset } from "../stores/presets.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { Control, useLocked } from "./Control.tsx";
import { ALL, hintOfField, labelOfField, MAIN, MEASURING } from "./fields.ts";
import { PresetChanges } from "./PresetChanges.tsx";
import { changedFrom } from "./preset.ts";
import { SettingsList } from "./SettingsList.tsx";
import { usePresetForm } from "./use-preset-form.ts";

function PresetSelect() {
  const preset = useTraining((s) => s.preset);
  const { setPreset } = useTraining.getState();
  const demo = useModel((s) => s.info?.recipe != null);
  const presets: Preset[] = demo ? ["Demo model", "Practical", "Seed report"] : ["Practical", "Seed report"];
  const { label, names, hints } = words().recipe.presets;
  return (
    <Field label={label} hint={hints[preset]}>
      {(attributes) => (
        <select {...attributes} value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
          {presets.map((name) => (
            <option key={name} value={name}>
              {names[name]}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function MainField({ name }: { name: string }) {
  const problem = useTraining((s) => s.problems.get(name));
  const locked = useLocked(name);
  const { list, problem: problemWords } = words().recipe;
  return (
    <Field
      label={labelOfField(name)}
      hint={locked ? list.locked : hintOfField(name)}
      problem={problem && problemWords(problem)}
    >
      {(attributes) => <Control name={name} attributes={attributes} />}
    </Field>
  );
}

function MainFields() {
  const measures = useTraining((s) => s.fields.eval_strategy === "steps");
  return (
    <div className="fields">
      {[...MAIN, ...(measures ? MEASURING : [])].map((name) => (
        <MainField key={name} name={name} />
      ))}
    </div>
  );
}

/** The data set of the report's script. */
function SeedData() {
  const asking = useHubData((s) => s.asking);
  const { lookUpSeed } = useHubData.getState();
  const say = words().recipe.presets;
  return (
    <div className="row">
      <Action reason={asking ? say.asking : ""} onPress={() => void lookUpSeed()}>
        {say.useData}
      </Action>
    </div>
  );
}

export function RecipeForm() {
  const running = useTraining((s) => isRunning(s.state));
  const preset = useTraining((s) => s.preset);
  const fields = useTraining((s) => s.fields);
  const [open, setOpen] = useState(false);
  const changed = changedFrom(usePresetForm(), fields);
  const say = words().recipe;
  return (
    <>
      <fieldset className="recipe" disabled={running}>
        <legend className="visually-hidden">{say.presets.label}</legend>
        <div className="fields">
          <PresetSelect />
        </div>
        <PresetChanges />
        {preset === "Seed report" && <SeedData />}
      </fieldset>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <strong>{say.list.open}</strong>{" "}
          <span>{say.list.count(ALL.length, changed.size, say.presets.names[preset])}</span>
        </summary>
        {open && <SettingsList changed={changed} />}
      </details>
      {!open && (
        <fieldset className="recipe" disabled={running}>
          <legend className="visually-hidden">{say.title}</legend>
          <MainFields />
        </fieldset>
      )}
    </>
  );
}
