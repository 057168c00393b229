/** Which column is what: the table as it is written, a choice for each part of a row, and the first rows as the model will read them. */
import type { LookRow, LookTable } from "../../workers/data/rows/look.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { useColumns } from "../stores/columns.ts";
import { useDataset } from "../stores/dataset.ts";
import { words } from "../words/index.ts";
import { BlobPicture } from "./BlobPicture.tsx";
import {
  columnRoles,
  isUnsure,
  readingWords,
  severalChoices,
  withColumn,
  withInstruction,
  withSeveral,
} from "./columns.ts";

function Table({ table }: { table: LookTable }) {
  const say = words().data.columns;
  return (
    <Scroll label={say.box}>
      <table aria-label={say.table}>
        <thead>
          <tr>
            {table.columns.map((name) => (
              <th key={name} scope="col" dir="auto">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((cells, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: records have no identity but their place
            <tr key={row}>
              {cells.map((cell, i) => (
                <td key={table.columns[i]}>
                  {cell.picture && (
                    <BlobPicture blob={cell.picture} name={cell.text} alt={cell.text === "picture" ? cell.text : ""} />
                  )}
                  {!(cell.picture && cell.text === "picture") && (
                    <span className="cell" dir="auto">
                      {cell.text || "–"}
                    </span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Understood({ row }: { row: LookRow }) {
  const say = words().data.columns;
  if ("problem" in row) {
    return (
      <li>
        <span className="problem">{say.skipped(row.problem)}</span>{" "}
        <span className="detail" dir="auto">
          {row.source}
        </span>
      </li>
    );
  }
  return (
    <li>
      {row.pictures.map((picture, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pictures of a row have no identity but their place
        <BlobPicture key={i} blob={picture} name={say.picture(i + 1, row.source)} />
      ))}
      <dl>
        {row.turns.map(({ role, text }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: turns have no identity but their place
          <div key={i}>
            <dt>{role}</dt>
            <dd dir="auto">{text}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

/** Nothing where the drop has no table. Open of itself where the reader is unsure. */
export function Columns() {
  const { look, draft, source, fromBefore, choose, keep } = useColumns();
  // Rows of another drop say nothing about this one.
  const skipped = useDataset((s) => (s.source === source ? s.info?.skipped : undefined));
  const busy = useDataset((s) => s.progress !== undefined);
  const { use } = useDataset.getState();
  if (!look?.table || !source) return null;
  const { table } = look;
  const { columns: say, preparing } = words().data;
  const used = source.reading ?? {};
  const changed = JSON.stringify(used) !== JSON.stringify(draft);
  const read = (): void => {
    const files = keep();
    if (files) void use(files);
  };
  const reason = busy ? preparing : changed ? "" : say.same;
  return (
    <details className="column-choice" open={!busy && isUnsure(skipped)}>
      <summary>{say.title}</summary>
      <p className="detail">
        {table.path}: {readingWords(used, fromBefore) || say.byName}
      </p>
      <Table table={table} />
      <div className="fields">
        {columnRoles.map((role) => (
          <Field key={role} {...say.roles[role]}>
            {(attributes) => (
              <select
                {...attributes}
                value={draft.mapping?.[role] ?? ""}
                onChange={(event) => void choose(withColumn(draft, role, event.target.value))}
              >
                <option value="">{say.choice}</option>
                {table.columns.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        ))}
        <Field label={say.instruction} hint={say.instructionHint}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              dir="auto"
              placeholder={say.instructionExample}
              value={draft.instruction ?? ""}
              onChange={(event) => void choose(withInstruction(draft, event.target.value))}
            />
          )}
        </Field>
        {(look.several || draft.severalAnswers) && (
          <Field label={say.several} hint={say.severalHint}>
            {(attributes) => (
              <select
                {...attributes}
                value={draft.severalAnswers ?? ""}
                onChange={({ target }) =>
                  void choose(
                    withSeveral(
                      draft,
                      severalChoices.find((which) => which === target.value),
                    ),
                  )
                }
              >
                <option value="">{say.usual}</option>
                {severalChoices.map((which) => (
                  <option key={which} value={which}>
                    {say.choices[which]}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      <h3>{say.first}</h3>
      {look.problem !== "" && <p className="problem">{look.problem}</p>}
      <ul className="understood" aria-label={say.rows}>
        {look.rows.map((row, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a record with several answers gives several rows of one place
          <Understood key={i} row={row} />
        ))}
      </ul>
      <Action kind="primary" reason={reason} onPress={read}>
        {say.read}
      </Action>
    </details>
  );
}
