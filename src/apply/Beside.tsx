/** Another job over the same rows beside the one on show: base against adapter, figure by figure. */
import type { JobSummary } from "../../workers/apply/job.ts";
import { Field } from "../parts/Field.tsx";
import { percent } from "../parts/format.ts";
import { useAnswers } from "../stores/answers.ts";
import { useApply } from "../stores/apply.ts";
import { language, words } from "../words/index.ts";
import { comparisonWords, nameOf, speakerOf } from "./status.ts";

const isOver = ({ status }: JobSummary): boolean => status === "done" || status === "stopped";

export function Beside({ job }: { job: JobSummary }) {
  const jobs = useApply((s) => s.jobs);
  const { other, comparison, compare } = useAnswers();
  const say = words().apply.beside;
  const others = jobs.filter((one) => one.id !== job.id && one.rowsKey === job.rowsKey && isOver(one));
  if (!isOver(job) || others.length === 0) return null;
  const chosen = others.find(({ id }) => id === other);
  return (
    <>
      <Field label={say.label}>
        {(attributes) => (
          <select
            {...attributes}
            value={chosen?.id ?? ""}
            onChange={(event) => void compare(event.target.value || undefined)}
          >
            <option value="">{say.none}</option>
            {others.map((one) => (
              <option key={one.id} value={one.id}>
                {say.option(speakerOf(one), one.prompt ?? "", new Date(one.createdAt).toLocaleString(language()))}
              </option>
            ))}
          </select>
        )}
      </Field>
      {chosen && comparison === null && <p className="detail">{say.nothing}</p>}
      {chosen && comparison && (
        <>
          <table aria-label={say.table}>
            <thead>
              <tr>
                <td />
                <th scope="col" className="number">
                  {speakerOf(job)}
                </th>
                <th scope="col" className="number">
                  {speakerOf(chosen)}
                </th>
                <th scope="col" className="number">
                  {say.difference}
                </th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(comparison.figures[0]).map(([name, value]) => {
                const theirs = comparison.figures[1][name]!;
                return (
                  <tr key={name}>
                    <th scope="row">{nameOf(name)}</th>
                    <td className="number">{percent(value)}</td>
                    <td className="number">{percent(theirs)}</td>
                    <td className="number">{`${theirs > value ? "+" : ""}${percent(theirs - value)}`}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <p className="detail">
            {say.over(comparison.rows)} {comparisonWords(comparison)}
          </p>
        </>
      )}
    </>
  );
}
