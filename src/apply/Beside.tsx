/** Another job over the same rows beside the one on show: base against adapter, figure by figure. */
import type { JobSummary } from "../../workers/apply/job.ts";
import { counted } from "../../workers/words.ts";
import { Field } from "../parts/Field.tsx";
import { useAnswers } from "../stores/answers.ts";
import { useApply } from "../stores/apply.ts";
import { comparisonWords, nameOf, percent, speakerOf } from "./status.ts";

const isOver = ({ status }: JobSummary): boolean => status === "done" || status === "stopped";

export function Beside({ job }: { job: JobSummary }) {
  const jobs = useApply((s) => s.jobs);
  const { other, comparison, compare } = useAnswers();
  const others = jobs.filter((one) => one.id !== job.id && one.rowsKey === job.rowsKey && isOver(one));
  if (!isOver(job) || others.length === 0) return null;
  const chosen = others.find(({ id }) => id === other);
  return (
    <>
      <Field label="Beside another job over the same rows">
        {(attributes) => (
          <select
            {...attributes}
            value={chosen?.id ?? ""}
            onChange={(event) => void compare(event.target.value || undefined)}
          >
            <option value="">none</option>
            {others.map((one) => (
              <option key={one.id} value={one.id}>
                {speakerOf(one)}
                {one.prompt && `, asked “${one.prompt}”`}, {new Date(one.createdAt).toLocaleString()}
              </option>
            ))}
          </select>
        )}
      </Field>
      {chosen && comparison === null && (
        <p className="detail">No row that both answered has a right answer, so there is nothing to compare.</p>
      )}
      {chosen && comparison && (
        <>
          <table aria-label="Jobs side by side">
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
                  Difference
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
            Over {counted(comparison.rows, "row")} that both answered. {comparisonWords(comparison)}
          </p>
        </>
      )}
    </>
  );
}
