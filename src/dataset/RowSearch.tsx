/** Which rows are on show: those with some words, of some length, changed ones, or those that cannot be used. Out of the way until it is asked for. */
import { everyRow, type RowQuery, type Shown } from "../../workers/data/browse.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { count } from "../parts/format.ts";
import { useDataset } from "../stores/dataset.ts";
import { useRows } from "../stores/rows.ts";
import { changesWords } from "./status.ts";

const shown: [Shown, string][] = [
  ["all", "all rows"],
  ["held out", "rows not trained on"],
  ["changed", "changed rows"],
  ["left out", "rows left out"],
  ["unusable", "rows that cannot be used"],
];

/** What is typed into a field of a number; undefined for nothing. */
const numberOf = (text: string): number | undefined => (text === "" ? undefined : Number(text));

export function RowSearch() {
  const info = useDataset((s) => s.info);
  const { query, total, looking, tools, setTools, show, change } = useRows();
  if (!info?.indexed) return null;
  const ask = (more: Partial<RowQuery>): void => void show({ query: { ...query, ...more } });
  const isAsked = JSON.stringify({ ...query }) !== JSON.stringify(everyRow);
  const changes = changesWords(info.changes);
  return (
    <div className="row-search">
      <button type="button" className="quiet" aria-expanded={tools} onClick={() => setTools(!tools)}>
        Search and change rows
      </button>
      {tools && (
        <>
          <search className="row">
            <Field label="Search rows">
              {(attributes) => (
                <input
                  type="search"
                  {...attributes}
                  value={query.text}
                  onChange={(event) => ask({ text: event.target.value })}
                />
              )}
            </Field>
            <Field label="Show">
              {(attributes) => (
                <select
                  {...attributes}
                  value={query.show}
                  onChange={(event) => ask({ show: event.target.value as Shown })}
                >
                  {shown.map(([value, words]) => (
                    <option key={value} value={value}>
                      {words}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {info.cached === null && (
              <>
                <Field label="Fewest tokens">
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
                <Field label="Most tokens">
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
                Show all rows
              </Action>
            )}
          </search>
          <p className="detail" aria-live="polite">
            {looking ? `Searching, ${looking} …` : isAsked ? `${count(total)} found.` : ""}
          </p>
        </>
      )}
      {changes && (
        <div className="row">
          <span className="detail">{changes}</span>
          <Action kind="quiet" onPress={() => void change("undo all")}>
            Undo all changes
          </Action>
        </div>
      )}
    </div>
  );
}
