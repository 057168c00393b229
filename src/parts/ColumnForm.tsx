/** Which column is what: the table as it is written, a choice for each part of a row, and the first rows as the model will read them. */
import { boxFormats } from "../../workers/data/boxes/forms.ts";
import type { ColumnMapping } from "../../workers/data/rows/columns.ts";
import type { Look, LookRow, LookTable } from "../../workers/data/rows/look.ts";
import type { RecordOptions } from "../../workers/data/rows/record.ts";
import { words } from "../words/index.ts";
import { Action } from "./Action.tsx";
import { BlobPicture } from "./BlobPicture.tsx";
import { Field } from "./Field.tsx";
import { Scroll } from "./Scroll.tsx";
import "./columns.css";
import {
  boxUnits,
  columnRoles,
  readingWords,
  severalChoices,
  withChoice,
  withColumn,
  withInstruction,
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

interface ChoiceProps<T extends string> {
  label: string;
  hint: string;
  /** Undefined: as usual. */
  value: string | undefined;
  options: (readonly [value: T, words: string])[];
  onChoose(value: T | undefined): void;
}

function Choice<T extends string>({ label, hint, value, options, onChoose }: ChoiceProps<T>) {
  return (
    <Field label={label} hint={hint}>
      {(attributes) => (
        <select
          {...attributes}
          value={value ?? ""}
          onChange={({ target }) => onChoose(options.find(([known]) => known === target.value)?.[0])}
        >
          <option value="">{words().data.columns.usual}</option>
          {options.map(([known, said]) => (
            <option key={known} value={known}>
              {said}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface ColumnFormProps {
  /** The first records; nothing is on show where they are no table. */
  look: Look | undefined;
  /** What is being chosen, and what the rows are read by; the latter may have been taken over from the last visit. */
  draft: RecordOptions;
  used: RecordOptions;
  fromBefore: boolean;
  /** Open of itself. */
  open: boolean;
  /** The rows are to be answered: of several answers each is right, so there is nothing to choose of them. */
  toAnswer?: boolean;
  /** Why the rows cannot be read anew now. */
  obstacle: string;
  onChoose(draft: RecordOptions): void;
  onRead(): void;
}

export function ColumnForm({
  look,
  draft,
  used,
  fromBefore,
  open,
  toAnswer = false,
  obstacle,
  onChoose,
  onRead,
}: ColumnFormProps) {
  // Boxes without a table, as in texts of YOLO, leave a choice as well: what is asked, and in which numbers they are written.
  if (!look || (!look.table && !look.boxes)) return null;
  const { table } = look;
  const say = words().data.columns;
  const changed = JSON.stringify(used) !== JSON.stringify(draft);
  const reason = obstacle || (changed ? "" : say.same);
  const hints: Partial<Record<keyof ColumnMapping, string>> = toAnswer ? { answer: say.rightHint } : {};
  return (
    <details className="column-choice" open={open}>
      <summary>{table ? say.title : say.boxesAlone}</summary>
      {table && (
        <>
          <p className="detail">
            {table.path}: {readingWords(used, fromBefore) || say.byName}
          </p>
          <Table table={table} />
        </>
      )}
      <div className="fields">
        {table &&
          columnRoles.map((role) => (
            <Field key={role} label={say.roles[role].label} hint={hints[role] ?? say.roles[role].hint}>
              {(attributes) => (
                <select
                  {...attributes}
                  value={draft.mapping?.[role] ?? ""}
                  onChange={(event) => onChoose(withColumn(draft, role, event.target.value))}
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
              onChange={(event) => onChoose(withInstruction(draft, event.target.value))}
              // It may stand in a form that does something else.
              onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
            />
          )}
        </Field>
        {(look.boxes || draft.boxes) && (
          <Choice
            label={say.boxes}
            hint={say.boxesHint}
            value={draft.boxes}
            options={boxUnits.map((unit) => [unit, say.boxUnits[unit]])}
            onChoose={(unit) => onChoose(withChoice(draft, "boxes", unit))}
          />
        )}
        {table && (look.boxes || draft.boxFormat) && (
          <Choice
            label={say.boxFormat}
            hint={say.boxFormatHint}
            value={draft.boxFormat}
            options={boxFormats.map((format) => [format, say.boxFormats[format]])}
            onChoose={(format) => onChoose(withChoice(draft, "boxFormat", format))}
          />
        )}
        {!toAnswer && (look.several || draft.severalAnswers) && (
          <Choice
            label={say.several}
            hint={say.severalHint}
            value={draft.severalAnswers}
            options={severalChoices.map((which) => [which, say.choices[which]])}
            onChoose={(which) => onChoose(withChoice(draft, "severalAnswers", which))}
          />
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
      <Action kind="primary" reason={reason} onPress={onRead}>
        {table ? say.read : say.readAlone}
      </Action>
    </details>
  );
}
