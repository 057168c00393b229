/** What came of a job: figures by a metric that can be changed, the rows behind them, files to take along. */
import type { JobSummary } from "../../workers/apply/job.ts";
import type { Measure } from "../../workers/apply/results.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { Figures } from "../parts/Figures.tsx";
import { percent } from "../parts/format.ts";
import { useAnswers } from "../stores/answers.ts";
import type { GoingJob } from "../stores/apply.ts";
import { words } from "../words/index.ts";
import { Answers } from "./Answers.tsx";
import { Beside } from "./Beside.tsx";
import { ConfusionTable } from "./ConfusionTable.tsx";
import { FieldTable } from "./FieldTable.tsx";
import { metricChoices, nameOf, notesOn } from "./status.ts";

function Measured({ measure }: { measure: Measure }) {
  const { figures, rows, words: what, reason, metric } = measure;
  const say = words().apply.results;
  const shown = Object.entries(figures).map(([name, value]) => ({ name: nameOf(name), words: percent(value), value }));
  return (
    <>
      <Figures figures={shown} />
      <p className="detail">
        {say.on(rows)} {say.is(nameOf(metric), what)} {reason}
      </p>
    </>
  );
}

export function Results({ job, now }: { job: JobSummary; now: GoingJob | undefined }) {
  const own = useAnswers((s) => s.jobId === job.id);
  const current = useAnswers((s) => s.results);
  const { setMetric, save } = useAnswers.getState();
  const say = words().apply.results;
  const results = own ? current : undefined;
  const progress = now?.progress ?? job;
  const measure = results?.measure;
  const none = progress.answered === 0 ? words().apply.obstacles.noAnswer : "";
  const notes = notesOn({ ...job, answered: progress.answered }, progress, results);
  return (
    <>
      {measure && (
        <>
          <Measured measure={measure} />
          <Field label={say.metric}>
            {(attributes) => (
              <select
                {...attributes}
                value={job.metric ?? ""}
                onChange={(event) => void setMetric((event.target.value || null) as JobSummary["metric"])}
              >
                {metricChoices(job.metric ? undefined : measure.metric).map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {measure.confusions && <ConfusionTable confusions={measure.confusions} />}
          {measure.fields && <FieldTable fields={measure.fields} />}
        </>
      )}
      {notes.length > 0 && (
        <ul className="note" aria-label={say.notes}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <Beside job={job} />
      {results && <Answers results={results} />}
      <div className="row">
        <Action kind="quiet" reason={none} onPress={() => void save("csv")}>
          {say.csv}
        </Action>
        <Action kind="quiet" reason={none} onPress={() => void save("jsonl")}>
          {say.jsonl}
        </Action>
      </div>
    </>
  );
}
