/** Every setting of the recipe under Hugging Face's names: grouped, searched, and marked where it differs from the preset. */
import { useState } from "react";
import { Field } from "../parts/Field.tsx";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { ALL, GROUPS, type Group, helpOfField, isFound, labelOfField, valueWords } from "./fields.ts";
import { SettingRow } from "./SettingRow.tsx";

/** What is chosen with the model can be read here, and not changed. */
function LoadedAs({ names }: { names: readonly string[] }) {
  const fields = useTraining((s) => s.fields);
  return (
    <dl className="loaded-as">
      {names.map((name) => (
        <div key={name}>
          <dt>
            {labelOfField(name)} <code>{name}</code>
            <span className="hint">{helpOfField(name)}</span>
          </dt>
          <dd>{valueWords(name, fields[name])}</dd>
        </div>
      ))}
    </dl>
  );
}

/** `changed`: what the preset has, by the names of the settings that differ from it. */
export function SettingsList({ changed }: { changed: ReadonlyMap<string, unknown> }) {
  const [search, setSearch] = useState("");
  /** Those that had changed when "changed only" was pressed stay: a row must not go from under the hand that sets it back. */
  const [only, setOnly] = useState<ReadonlySet<string>>();
  const running = useTraining((s) => isRunning(s.state));
  const say = words().recipe.list;
  const isShown = (name: string): boolean =>
    (!only || only.has(name) || changed.has(name)) && (search.trim() === "" || isFound(name, search.trim()));
  const shown = ALL.filter(isShown);
  const empty = search.trim() === "" ? say.noneChanged : say.nothing;
  return (
    <div className="settings">
      <div className="row centred">
        <div className="grow">
          <Field label={say.search} hint={say.searchHint}>
            {(attributes) => (
              <input {...attributes} type="search" value={search} onChange={({ target }) => setSearch(target.value)} />
            )}
          </Field>
        </div>
        <button
          type="button"
          aria-pressed={only !== undefined}
          onClick={() => setOnly(only ? undefined : new Set(changed.keys()))}
        >
          {say.changedOnly(changed.size)}
        </button>
        <span aria-live="polite" className="detail">
          {shown.length === 0 ? empty : say.found(shown.length, ALL.length)}
        </span>
      </div>
      <fieldset className="recipe" disabled={running}>
        <legend className="visually-hidden">{words().recipe.title}</legend>
        {(Object.keys(GROUPS) as Group[]).map((group) => {
          const names = (GROUPS[group] as readonly string[]).filter((name) => shown.includes(name));
          if (names.length === 0) return null;
          return (
            <section key={group} className="setting-group">
              <h3>{say.groups[group]}</h3>
              {group === "loading" && <p className="detail">{say.loading}</p>}
              {group === "loading" ? (
                <LoadedAs names={names} />
              ) : (
                names.map((name) => (
                  <SettingRow key={name} name={name} differs={changed.has(name)} presetValue={changed.get(name)} />
                ))
              )}
            </section>
          );
        })}
      </fieldset>
    </div>
  );
}
