/** What somebody calls a run, and wants to remember of it; and whether it stands in the comparison. */
import { useState } from "react";
import { MOST_NAME, MOST_NOTE } from "../../workers/training/saved/limits.ts";
import { titleOf } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";

export function NameAndNote({ run }: { run: RunSummary }) {
  const [name, setName] = useState(run.name);
  const [note, setNote] = useState(run.note);
  const { annotate } = useRuns.getState();
  const say = words().runs.about;
  const changed = name.trim() !== run.name || note !== run.note;
  return (
    <details>
      <summary>{say.title}</summary>
      <form
        className="about"
        onSubmit={(event) => {
          event.preventDefault();
          if (changed) void annotate(run.id, { name, note });
        }}
      >
        <Field label={say.name}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              maxLength={MOST_NAME}
              placeholder={titleOf({ ...run, name: "" })}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label={say.note}>
          {(attributes) => (
            <textarea
              {...attributes}
              rows={2}
              maxLength={MOST_NOTE}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
          )}
        </Field>
        <Action type="submit" reason={changed ? "" : words().runs.obstacles.unchanged}>
          {say.keep}
        </Action>
      </form>
    </details>
  );
}
