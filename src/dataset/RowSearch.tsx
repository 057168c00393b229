/** Which rows are on show: those with some words, of some length, changed ones, or those that cannot be used. Out of the way until it is asked for. */
import { everyRow, type RowQuery, type Shown } from "../../workers/data/browse.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { count } from "../parts/format.ts";
import { useDataset } from "../stores/dataset.ts";
import { useRows } from "../stores/rows.ts";
import { words } from "../words/index.ts";
import { changesWords } from "./status.ts";

const SHOWN: Shown[] = ["all", "held out", "changed", "left out", "unusable"];

/** What is typed into a field of a number; undefined for nothing. */
const numberOf = (text: string): number | undefined => (text === "" ? undefined : Number(text));

export function RowSearch() {
  const info = useDataset((s) => s.info);
  const { query, total, looking, tools, setTools, show, change } = useRows();
  if (!info?.indexed) return null;
  const ask = (more: Partial<RowQuery>): void => void show({ query: { ...query, ...more } });
  const isAsked = JSON.stringify({ ...query }) !== JSON.stringify(everyRow);
  const changes = changesWords(info.changes);
  const say = words().data.search;
  return (
    <div className="row-search">
      <button type="button" className="quiet" aria-expanded={tools} onClick={() => setTools(!tools)}>
        {say.open}
      </button>
      {tools && (
        <>
          <search className="row">
            <Field label={say.words}>
              {(attributes) => (
                <input
                  type="search"
                  dir="auto"
                  {...attributes}
                  value={query.text}
                  onChange={(event) => ask({ text: event.target.value })}
                />
              )}
            </Field>
            <Field label={say.show}>
              {(attributes) => (
                <select
                  {...attributes}
                  value={query.show}
                  onChange={(event) => ask({ show: event.target.value as Shown })}
                >
                  {SHOWN.map((value) => (
                    <option key={value} value={value}>
                      {say.shown[value]}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {info.cached === null && (
              <>
                <Field label={say.fewest}>
                  {(attributes) => (
                    <input
                      type="number"
                      min={0}
                      {...attributes}
                      value={query.least ?? ""}
                      onChange={(event) => ask({ least: numberOf(event.target.value) })}
                    />
                  )}
                </Field>
                <Field label={say.most}>
                  {(attributes) => (
                    <input
                      type="number"
                      min={0}
                      {...attributes}
                      value={query.most ?? ""}
                      onChange={(event) => ask({ most: numberOf(event.target.value) })}
                    />
                  )}
                </Field>
              </>
            )}
            {isAsked && (
              <Action kind="quiet" onPress={() => void show({ query: everyRow })}>
                {say.all}
              </Action>
            )}
          </search>
          <p className="detail" aria-live="polite">
            {looking ? say.searching(looking) : isAsked ? say.found(count(total)) : ""}
          </p>
        </>
      )}
      {changes && (
        <div className="row">
          <span className="detail">{changes}</span>
          <Action kind="quiet" onPress={() => void change("undo all")}>
            {say.undoAll}
          </Action>
        </div>
      )}
    </div>
  );
}
