/** All jobs that are kept in this browser. */
import { counted } from "../../workers/words.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { useApply } from "../stores/apply.ts";
import { statusOf, titleOf } from "./status.ts";

export function Jobs() {
  const { jobs, shown, going } = useApply();
  const { show, remove } = useApply.getState();
  if (jobs.length === 0) return null;
  return (
    <details>
      <summary>{counted(jobs.length, "job is", "jobs are")} kept in this browser</summary>
      <ul className="jobs" aria-label="Jobs">
        {jobs.map((job) => (
          <li key={job.id}>
            <div>
              {titleOf(job)}
              <p className="detail">
                {statusOf(job, going?.id === job.id ? going : undefined)} {new Date(job.createdAt).toLocaleString()},{" "}
                {bytes(job.bytes)}
              </p>
            </div>
            <Action
              kind="quiet"
              label={`Show ${titleOf(job)}`}
              reason={job.id === shown ? "It is on show." : ""}
              onPress={() => show(job.id)}
            >
              Show
            </Action>
            <Action
              kind="quiet"
              label={`Delete ${titleOf(job)}`}
              reason={job.status === "elsewhere" ? "Its rows are being answered in another tab." : ""}
              onPress={() => {
                if (confirm(`Delete ${counted(job.answered, "answer")} to ${titleOf(job)} from this browser?`))
                  void remove(job.id);
              }}
            >
              Delete
            </Action>
          </li>
        ))}
      </ul>
    </details>
  );
}
