/** Jobs over rows: what the page may ask of them. */
import { answerFormats } from "../apply/answer-lines.ts";
import { changeJob, type JobRecord, readJob } from "../apply/job.ts";
import { isAnswered } from "../apply/log.ts";
import { compared, resultsOf } from "../apply/results.ts";
import { metrics } from "../metrics/metrics.ts";
import type { ApplyApi } from "../protocol/apply.ts";
import { sha256 } from "../storage/sha256.ts";
import { entriesOf, goOnWithJob, jobSummaries, newJob, removeJob, stopJob } from "./jobs.ts";
import type { EngineState } from "./state.ts";

const metricOf = ({ metric }: JobRecord) => (metric ? metrics[metric] : undefined);

/** What the answers of a file depend on beside its rows. */
async function markOf({ modelId, preparation, maxNewTokens, adapter }: JobRecord): Promise<string> {
  const parts = [modelId, preparation, maxNewTokens, adapter?.runId, adapter?.step];
  return (await sha256(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 16);
}

export const applyApi = (s: EngineState): ApplyApi => ({
  newJob: (request) => newJob(s, request),
  goOnWithJob: (jobId, onEvent, supply) => goOnWithJob(s, jobId, onEvent, supply),
  stopJob: (jobId) => stopJob(s, jobId),
  listJobs: () => jobSummaries(s),
  deleteJob: (jobId) => removeJob(s, jobId),
  setMetric: async (jobId, metric) => changeJob(await s.store(), jobId, { metric }),
  async readAnswers(jobId, page) {
    const record = await readJob(await s.store(), jobId);
    return resultsOf(await entriesOf(s, jobId), metricOf(record), page);
  },
  async compareJobs(one, other) {
    const record = await readJob(await s.store(), one);
    return compared(await entriesOf(s, one), await entriesOf(s, other), metricOf(record));
  },
  async downloadAnswers(jobId, format) {
    const { head, write } = answerFormats[format];
    const mark = await markOf(await readJob(await s.store(), jobId));
    const lines = (await entriesOf(s, jobId)).filter(isAnswered).map(({ answered }) => write(answered, mark));
    return new Blob([head, ...lines], { type: format === "csv" ? "text/csv" : "application/jsonl" });
  },
});
