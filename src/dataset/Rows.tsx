/** A page of rows as the model will see them: the cropped picture, and every token that is trained on in colour. Each can be changed. */
import { Fragment, useState } from "react";
import type { RowView } from "../../workers/data/browse.ts";
import type { PreviewRow } from "../../workers/data/preview.ts";
import { messageText } from "../../workers/data/rows/row.ts";
import { Action } from "../parts/Action.tsx";
import { BoxedPicture, BoxToggle } from "../parts/BoxedPicture.tsx";
import { Field } from "../parts/Field.tsx";
import { Pager } from "../parts/Pager.tsx";
import { RowPicture } from "../parts/RowPicture.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { useDataset } from "../stores/dataset.ts";
import { PAGE_ROWS, useRows } from "../stores/rows.ts";
import { useRunAnswers } from "../stores/run-answers.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { RowEditor } from "./RowEditor.tsx";
import { RowSearch } from "./RowSearch.tsx";
import { RowsSkeleton } from "./RowsSkeleton.tsx";

function Tokens({ row, trainOnAll }: { row: PreviewRow; trainOnAll: boolean }) {
  return (
    <p className="tokens">
      {row.tokens.map((token, i) => {
        const trained = token.kind === 2 || (trainOnAll && token.kind === 1);
        const text = token.repeat > 1 ? `${token.text}×${token.repeat}` : token.text;
        return trained ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <mark key={i} dir="auto">
            {text}
          </mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <span key={i} dir="auto" data-image={token.text === "<image>" || undefined}>
            {text}
          </span>
        );
      })}
    </p>
  );
}

/** The texts alone, of a row that was not prepared: each runs in its own direction. */
function Texts({ messages }: Pick<RowView, "messages">) {
  return (
    <p className="tokens">
      {messages.map(({ content }, m) =>
        content.map((part, p) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: texts have no identity but their place
          <Fragment key={`${m} ${p}`}>
            {part.type === "text" ? <bdi>{part.text.trim()}</bdi> : <span data-image>{"<image>"}</span>}{" "}
          </Fragment>
        )),
      )}
    </p>
  );
}

function ChangeRow({ row, onEdit }: { row: RowView; onEdit(): void }) {
  const change = useRows((s) => s.change);
  const { position, leftOut, edited, problem } = row;
  if (problem !== undefined) return null;
  const say = words().data.rows;
  const n = position + 1;
  return (
    <div className="row row-changes">
      <Action kind="quiet" label={say.editOf(n)} onPress={onEdit}>
        {say.edit}
      </Action>
      {edited && (
        <Action kind="quiet" label={say.undoEditOf(n)} onPress={() => void change({ undoEdit: position })}>
          {say.undoEdit}
        </Action>
      )}
      <Action
        kind="quiet"
        label={leftOut ? say.takeBackOf(n) : say.leaveOutOf(n)}
        onPress={() => void change(leftOut ? { takeBack: position } : { leaveOut: position })}
      >
        {leftOut ? say.takeBack : say.leaveOut}
      </Action>
    </div>
  );
}

/** Of a held-out row: whether the next run answers it, in place of some from all over. */
function AskRow({ position }: { position: number }) {
  const asks = useTraining((s) => s.fields.eval_strategy === "steps" && s.fields.eval_answers !== 0);
  const picked = useRunAnswers((s) => s.picked?.includes(position) ?? false);
  if (!asks) return null;
  const say = words().data.rows;
  return (
    <Action
      kind="quiet"
      pressed={picked}
      label={say.askOf(position + 1)}
      onPress={() => useRunAnswers.getState().toggle(position)}
    >
      {picked ? say.asked : say.ask}
    </Action>
  );
}

/** What the row's last turn says, where that is an answer. */
function answerOf({ messages }: RowView): string {
  const last = messages.at(-1);
  return last?.role === "assistant" ? messageText(last) : "";
}

function RowLine({ row, changeable }: { row: RowView; changeable: boolean }) {
  const trainOnAll = useTraining((s) => s.fields.train_on === "all-text");
  const [editing, setEditing] = useState(false);
  const { preview, source, leftOut, edited, problem, use } = row;
  const picture = preview?.picture;
  const say = words().data.rows;
  const state = [leftOut && say.leftOut, edited && say.corrected].filter(Boolean).join(", ");
  return (
    <tr className={leftOut ? "left-out" : undefined}>
      <td className="row-picture">
        {picture ? (
          <BoxedPicture shown={picture.shown} layers={[{ kind: "right", text: answerOf(row) }]}>
            <RowPicture picture={picture} label={say.pictureOf(preview.index)} />
          </BoxedPicture>
        ) : (
          "–"
        )}
      </td>
      <td>
        {editing ? (
          <RowEditor row={row} onClose={() => setEditing(false)} />
        ) : preview ? (
          <Tokens row={preview} trainOnAll={trainOnAll} />
        ) : (
          <Texts messages={row.messages} />
        )}
        {problem !== undefined && <p className="problem">{say.notUsed(problem)}</p>}
        <p className="detail">
          <bdi>{source}</bdi>
          {state && <strong> ({state})</strong>}
          {!leftOut && use !== "trained on" && (
            <>
              {" "}
              <span className="badge">{use === "held out" ? say.heldOut : say.ownSplit}</span>
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

function Table({ rows, changeable }: { rows: RowView[]; changeable: boolean }) {
  const say = words().data.rows;
  return (
    <Scroll label={say.box} className="rows-box">
      <table aria-label={say.table}>
        <thead>
          <tr>
            <th scope="col">{say.picture}</th>
            <th scope="col">
              {say.reads} <mark>{say.marked}</mark> {say.trainedOn}
            </th>
            <th scope="col">{say.tokens}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <RowLine key={row.position} row={row} changeable={changeable} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function Rows() {
  const info = useDataset((s) => s.info);
  const { rows, of, page, total, tools, show } = useRows();
  if (!info) return null;
  const pages = Math.max(1, Math.ceil(total / PAGE_ROWS));
  return (
    <>
      <RowSearch />
      <BoxToggle />
      {of === info.id ? <Table rows={rows} changeable={info.indexed && tools} /> : <RowsSkeleton />}
      <Pager what={words().data.rows.pages} page={page} pages={pages} onPage={(next) => void show({ page: next })}>
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
  const say = words().data.rows;
  const known = Number.isInteger(number) && number >= 1 && number <= pages;
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        void show({ page: number - 1 });
      }}
    >
      <Field label={say.page}>
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
      <Action kind="quiet" type="submit" reason={known ? "" : say.choosePage(pages)}>
        {say.goToPage}
      </Action>
    </form>
  );
}
