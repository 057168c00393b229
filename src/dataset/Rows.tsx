/** A page of rows as the model will see them: the cropped picture, and every token that is trained on in colour. Each can be changed. */
import { useState } from "react";
import type { RowView } from "../../workers/data/browse.ts";
import type { PreviewRow } from "../../workers/data/preview.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { Pager } from "../parts/Pager.tsx";
import { RowPicture } from "../parts/RowPicture.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { useDataset } from "../stores/dataset.ts";
import { PAGE_ROWS, useRows } from "../stores/rows.ts";
import { useRunAnswers } from "../stores/run-answers.ts";
import { useTraining } from "../stores/training.ts";
import { RowEditor } from "./RowEditor.tsx";
import { RowSearch } from "./RowSearch.tsx";

function Tokens({ row, trainOnAll }: { row: PreviewRow; trainOnAll: boolean }) {
  return (
    <p className="tokens">
      {row.tokens.map((token, i) => {
        const trained = token.kind === 2 || (trainOnAll && token.kind === 1);
        const text = token.repeat > 1 ? `${token.text}×${token.repeat}` : token.text;
        return trained ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <mark key={i}>{text}</mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <span key={i} data-image={token.text === "<image>" || undefined}>
            {text}
          </span>
        );
      })}
    </p>
  );
}

/** The texts alone, of a row that was not prepared. */
const wordsOf = ({ messages }: RowView): string =>
  messages
    .flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text.trim() : "<image>")))
    .join(" ");

function ChangeRow({ row, onEdit }: { row: RowView; onEdit(): void }) {
  const change = useRows((s) => s.change);
  const { position, leftOut, edited, problem } = row;
  if (problem !== undefined) return null;
  const named = (words: string): string => `${words} row ${position + 1}`;
  return (
    <div className="row row-changes">
      <Action kind="quiet" label={named("Edit")} onPress={onEdit}>
        Edit
      </Action>
      {edited && (
        <Action kind="quiet" label={named("Undo the edit of")} onPress={() => void change({ undoEdit: position })}>
          Undo edit
        </Action>
      )}
      <Action
        kind="quiet"
        label={named(leftOut ? "Take back" : "Leave out")}
        onPress={() => void change(leftOut ? { takeBack: position } : { leaveOut: position })}
      >
        {leftOut ? "Take back" : "Leave out"}
      </Action>
    </div>
  );
}

/** Of a held-out row: whether the next run answers it, in place of some from all over. */
function AskRow({ position }: { position: number }) {
  const asks = useTraining((s) => s.fields.eval_strategy === "steps" && s.fields.eval_answers !== 0);
  const picked = useRunAnswers((s) => s.picked?.includes(position) ?? false);
  if (!asks) return null;
  return (
    <Action
      kind="quiet"
      pressed={picked}
      label={`Ask row ${position + 1} as it trains`}
      onPress={() => useRunAnswers.getState().toggle(position)}
    >
      {picked ? "✓ asked as it trains" : "Ask as it trains"}
    </Action>
  );
}

function RowLine({ row, changeable }: { row: RowView; changeable: boolean }) {
  const trainOnAll = useTraining((s) => s.fields.train_on === "all-text");
  const [editing, setEditing] = useState(false);
  const { preview, source, leftOut, edited, problem, use } = row;
  const picture = preview?.picture;
  const state = [leftOut && "left out", edited && "corrected"].filter(Boolean).join(", ");
  return (
    <tr className={leftOut ? "left-out" : undefined}>
      <td>{picture ? <RowPicture picture={picture} label={`Picture of row ${preview.index}`} /> : "–"}</td>
      <td>
        {editing ? (
          <RowEditor row={row} onClose={() => setEditing(false)} />
        ) : preview ? (
          <Tokens row={preview} trainOnAll={trainOnAll} />
        ) : (
          <p className="tokens">{wordsOf(row)}</p>
        )}
        {problem !== undefined && <p className="problem">Not used: {problem}</p>}
        <p className="detail">
          {source}
          {state && <strong> ({state})</strong>}
          {!leftOut && use !== "trained on" && (
            <>
              {" "}
              <span className="badge">
                {use === "held out" ? "held out, not trained on" : "of the data’s own split, not trained on"}
              </span>
              {use === "held out" && <AskRow position={row.position} />}
            </>
          )}
        </p>
        {changeable && !editing && <ChangeRow row={row} onEdit={() => setEditing(true)} />}
      </td>
      <td className="number">{preview?.length ?? "–"}</td>
    </tr>
  );
}

export function Rows() {
  const info = useDataset((s) => s.info);
  const { rows, page, total, tools, show } = useRows();
  if (!info) return null;
  const pages = Math.max(1, Math.ceil(total / PAGE_ROWS));
  return (
    <>
      <RowSearch />
      <Scroll label="Rows as the model reads them">
        <table aria-label="Rows">
          <thead>
            <tr>
              <th scope="col">Picture</th>
              <th scope="col">
                What the model reads; <mark>marked</mark> tokens are trained on
              </th>
              <th scope="col">Tokens</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <RowLine key={row.position} row={row} changeable={info.indexed && tools} />
            ))}
          </tbody>
        </table>
      </Scroll>
      <Pager what="rows" page={page} pages={pages} onPage={(next) => void show({ page: next })}>
        {pages > 2 && tools && <GoToPage pages={pages} />}
      </Pager>
    </>
  );
}

/** By the page: of many rows nobody presses through all. */
function GoToPage({ pages }: { pages: number }) {
  const show = useRows((s) => s.show);
  const [page, setPage] = useState("");
  const number = Number(page);
  const known = Number.isInteger(number) && number >= 1 && number <= pages;
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        void show({ page: number - 1 });
      }}
    >
      <Field label="Page">
        {(attributes) => (
          <input
            type="number"
            min={1}
            max={pages}
            {...attributes}
            value={page}
            onChange={(event) => setPage(event.target.value)}
          />
        )}
      </Field>
      <Action kind="quiet" type="submit" reason={known ? "" : `Choose a page from 1 to ${pages}.`}>
        Go to page
      </Action>
    </form>
  );
}
