/** A page of rows with what was asked, what the model said and what would have been right. */
import type { JobResults, ResultRow, ShownAnswers } from "../../workers/apply/results.ts";
import type { RowThumbnail } from "../../workers/data/preview.ts";
import { Field } from "../parts/Field.tsx";
import { Pager } from "../parts/Pager.tsx";
import { RowPicture } from "../parts/RowPicture.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { PAGE_ANSWERS, useAnswers } from "../stores/answers.ts";
import { emptyWords, FILTERS } from "./status.ts";

function AnswerRow({ line, picture }: { line: ResultRow; picture: RowThumbnail | undefined }) {
  const { row, source, answered, score, message } = line;
  const more = (answered?.pictures.length ?? 0) - 1;
  return (
    <tr>
      <td>
        {picture ? <RowPicture picture={picture} label={`Picture of row ${row + 1}`} /> : "–"}
        {more > 0 && <small>and {more} more</small>}
      </td>
      <td>
        {answered?.question}
        <small className="detail">{source}</small>
      </td>
      {answered ? (
        <>
          <td>
            {answered.answer || <em>nothing</em>}
            {answered.stopped !== "eos" && <small className="problem">cut off</small>}
          </td>
          <td>{answered.right.length > 0 ? [...new Set(answered.right)].join(" / ") : "–"}</td>
        </>
      ) : (
        <td colSpan={2} className="problem">
          {message}
        </td>
      )}
      <td className="number" data-score={score}>
        {score === undefined ? "–" : score.toFixed(2)}
      </td>
    </tr>
  );
}

export function Answers({ results }: { results: JobResults }) {
  const { filter, page, pictures, look } = useAnswers();
  const { rows, total } = results;
  const pages = Math.max(1, Math.ceil(total / PAGE_ANSWERS));
  return (
    <>
      <Field label="Answers shown">
        {(attributes) => (
          <select
            {...attributes}
            value={filter}
            onChange={(event) => void look({ filter: event.target.value as ShownAnswers })}
          >
            {FILTERS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {rows.length === 0 ? (
        <p className="detail">{emptyWords[filter]}</p>
      ) : (
        <Scroll label="Rows with their answers">
          <table aria-label="Answers" className="answers">
            <thead>
              <tr>
                <th scope="col">Picture</th>
                <th scope="col">Question</th>
                <th scope="col">Answer</th>
                <th scope="col">Right answer</th>
                <th scope="col" className="number">
                  Score
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
      {pages > 1 && <Pager what="answers" page={page} pages={pages} onPage={(next) => void look({ page: next })} />}
    </>
  );
}
