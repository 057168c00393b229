/** A page of rows with what was asked, what the model said and what would have been right. */
import type { JobResults, ResultRow, ShownAnswers } from "../../workers/apply/results.ts";
import type { RowThumbnail } from "../../workers/data/preview.ts";
import { rightWords } from "../parts/answer-words.ts";
import { BoxedPicture, BoxToggle } from "../parts/BoxedPicture.tsx";
import { Field } from "../parts/Field.tsx";
import { fixed } from "../parts/format.ts";
import { Pager } from "../parts/Pager.tsx";
import { RowPicture } from "../parts/RowPicture.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { PAGE_ANSWERS, useAnswers } from "../stores/answers.ts";
import { words } from "../words/index.ts";
import { FILTERS } from "./status.ts";

function AnswerRow({ line, picture }: { line: ResultRow; picture: RowThumbnail | undefined }) {
  const { row, source, answered, score, message } = line;
  const say = words().apply.answers;
  const more = (answered?.pictures.length ?? 0) - 1;
  return (
    <tr>
      <td>
        {picture ? (
          <BoxedPicture
            shown={picture.shown}
            layers={[
              { kind: "right", text: answered?.right[0] ?? "" },
              { kind: "given", text: answered?.answer ?? "" },
            ]}
          >
            <RowPicture picture={picture} label={say.pictureOf(row + 1)} />
          </BoxedPicture>
        ) : (
          "–"
        )}
        {more > 0 && <small>{say.more(more)}</small>}
      </td>
      <td>
        {answered?.question}
        <small className="detail">{source}</small>
      </td>
      {answered ? (
        <>
          <td>
            {answered.answer || <em>{say.nothing}</em>}
            {answered.stopped !== "eos" && <small className="problem">{say.cutOff}</small>}
          </td>
          <td>{answered.right.length > 0 ? rightWords(answered.right) : "–"}</td>
        </>
      ) : (
        <td colSpan={2} className="problem">
          {message}
        </td>
      )}
      <td className="number" data-score={score}>
        {score === undefined ? "–" : fixed(score, 2)}
      </td>
    </tr>
  );
}

export function Answers({ results }: { results: JobResults }) {
  const { filter, page, pictures, look } = useAnswers();
  const say = words().apply.answers;
  const { rows, total } = results;
  const pages = Math.max(1, Math.ceil(total / PAGE_ANSWERS));
  return (
    <>
      <Field label={say.shown}>
        {(attributes) => (
          <select
            {...attributes}
            value={filter}
            onChange={(event) => void look({ filter: event.target.value as ShownAnswers })}
          >
            {FILTERS.map((value) => (
              <option key={value} value={value}>
                {say.filters[value]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <BoxToggle both />
      {rows.length === 0 ? (
        <p className="detail">{say.empty[filter]}</p>
      ) : (
        <Scroll label={say.scroll}>
          <table aria-label={say.table} className="answers">
            <thead>
              <tr>
                <th scope="col">{say.columns.picture}</th>
                <th scope="col">{say.columns.question}</th>
                <th scope="col">{say.columns.answer}</th>
                <th scope="col">{say.columns.right}</th>
                <th scope="col" className="number">
                  {say.columns.score}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((line) => (
                <AnswerRow
                  key={`${line.position} ${line.row}`}
                  line={line}
                  picture={line.position === null ? undefined : pictures.get(line.position)}
                />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {pages > 1 && <Pager what={say.pager} page={page} pages={pages} onPage={(next) => void look({ page: next })} />}
    </>
  );
}
