/** All jobs that are kept in this browser. */
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { useApply } from "../stores/apply.ts";
import { language, words } from "../words/index.ts";
import { statusOf, titleOf } from "./status.ts";

export function Jobs() {
  const { jobs, shown, going } = useApply();
  const say = words().apply.jobs;
  const { show, remove } = useApply.getState();
  if (jobs.length === 0) return null;
  return (
    <details>
      <summary>{say.kept(jobs.length)}</summary>
      <ul className="jobs" aria-label={say.label}>
        {jobs.map((job) => (
          <li key={job.id}>
            <div>
              {titleOf(job)}
              <p className="detail">
                {statusOf(job, going?.id === job.id ? going : undefined)}{" "}
                {new Date(job.createdAt).toLocaleString(language())}, {bytes(job.bytes)}
              </p>
            </div>
            <Action
              kind="quiet"
              label={say.showLabel(titleOf(job))}
              reason={job.id === shown ? words().apply.obstacles.shown : ""}
              onPress={() => show(job.id)}
            >
              {say.show}
            </Action>
            <Action
              kind="quiet"
              label={say.deleteLabel(titleOf(job))}
              reason={job.status === "elsewhere" ? words().apply.obstacles.elsewhere : ""}
              onPress={() => {
                if (confirm(say.confirm(job.answered, titleOf(job)))) void remove(job.id);
              }}
            >
              {say.delete}
            </Action>
          </li>
        ))}
      </ul>
    </details>
  );
}
