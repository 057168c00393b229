/** Jobs of the page: begun, seen through a lost GPU, stopped and deleted; one tab a job. */
import {
  changeJob,
  deleteJob,
  type JobEntry,
  type JobSummary,
  listJobs,
  readEntries,
  readJob,
  readProgress,
  writeJob,
} from "../apply/job.ts";
import { openLog } from "../apply/log.ts";
import { chosenRows, keyOfRows } from "../apply/rows.ts";
import { preparedIdentity } from "../data/shards/data-identity.ts";
import { openDataset } from "../data/shards/dataset.ts";
import { deleteDataset } from "../data/shards/manifest.ts";
import { storedInfo } from "../data/shards/prepare-dataset.ts";
import { TabTuneError } from "../errors.ts";
import { preparationOf } from "../models/preparation.ts";
import type { JobEvent, JobRequest } from "../protocol/apply.ts";
import type { SupplyOf } from "../protocol/supply.ts";
import type { Store } from "../storage/store.ts";
import { readAbout } from "../training/saved/about.ts";
import { readLineage, titleOf } from "../training/saved/lineage.ts";
import { savedRun } from "../training/saved/runs.ts";
import { counted } from "../words.ts";
import { endStepOf } from "./adapters.ts";
import { answerJob } from "./answer-job.ts";
import { livingModel } from "./standing-model.ts";
import { type EngineState, needModel } from "./state.ts";
import { jobLock } from "./storage-names.ts";
import { supplying } from "./supplying.ts";
import { inTurn } from "./turns.ts";

/** @see ApplyApi.newJob */
export async function newJob(s: EngineState, request: JobRequest): Promise<JobSummary> {
  const store = await s.store();
  const { id: modelId, preparation, files } = needModel(s);
  const { maxNewTokens } = request;
  const prompt = request.prompt?.trim();
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new TabTuneError("bad-argument", "An answer must have at least 1 token.", "Write a whole number.");
  }
  const { rows: which } = request;
  const datasetId = "datasetId" in which ? which.datasetId : (await savedRun(store, which.runId)).info.datasetId;
  const dataset = await openDataset(store, datasetId);
  if (!dataset) {
    throw new TabTuneError(
      "bad-dataset",
      "The prepared rows are no longer in the browser's storage.",
      "Give the same data again.",
    );
  }
  const { manifest } = dataset;
  if (manifest.filesId && (await preparedIdentity(manifest.filesId, preparation.id)) !== datasetId) {
    throw new TabTuneError(
      "bad-argument",
      "These rows were prepared for another model, chat template or cut of pictures than are loaded.",
      "Give the same data again: it is then prepared for this model.",
    );
  }
  const rows = await chosenRows(store, dataset, preparationOf(preparation), which);
  const heldOut = which.kind === "held out" || which.kind === "held out of run";
  // What the reader left out of the data is part of the job: it is told with its reasons.
  const { skipped } = heldOut ? { skipped: [] } : await storedInfo(store, manifest);
  const id = crypto.randomUUID();
  const adapter = request.adapter === undefined ? null : await adapterOf(store, modelId, request.adapter);
  await writeJob(
    store,
    {
      ...{ id, createdAt: new Date().toISOString(), modelId, modelLabel: files.label, preparation: preparation.id },
      ...{ adapter, datasetId, datasetLabel: manifest.label, which: heldOut ? "held out" : which.kind },
      ...{ rowsKey: await keyOfRows(datasetId, rows), rows: rows.positions.length, skipped: skipped.length },
      ...{ ...(prompt ? { prompt } : {}), maxNewTokens, metric: null, state: "open" },
    },
    rows,
  );
  const log = await openLog(store, id);
  for (const { index: row, source, message } of skipped) await log.add({ position: null, row, source, message });
  await log.flush();
  return summaryOf(s, id);
}

async function adapterOf(store: Store, modelId: string, runId: string) {
  const step = await endStepOf(store, { id: modelId }, runId);
  const { info } = await savedRun(store, runId);
  const { name } = await readAbout(store, runId);
  const lineage = await readLineage(store, runId);
  return { runId, step, label: titleOf({ ...info, name, lineage }) };
}

/** Holds the job's lock while `work` runs. */
export async function withJobLock<T>(jobId: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(jobLock(jobId), { ifAvailable: true }, async (lock) => {
    if (lock) return work();
    throw new TabTuneError(
      "run-locked",
      "The rows of this job are being answered in another tab.",
      "Go on in that tab, or close it and press Resume answering here.",
      "The job is not disturbed.",
    );
  });
}

/** @see ApplyApi.goOnWithJob */
export async function goOnWithJob(
  s: EngineState,
  jobId: string,
  onEvent: (e: JobEvent) => void,
  supply: SupplyOf | undefined,
): Promise<JobSummary> {
  await endJob(s, jobId);
  return withJobLock(jobId, async () => {
    const store = await s.store();
    const record = await readJob(store, jobId);
    const log = await openLog(store, jobId);
    if (log.lost > 0) {
      const words = `${counted(log.lost, "answer")} could not be read from the browser's storage: ${log.lost === 1 ? "its row is" : "their rows are"} answered again.`;
      onEvent({ type: "note", words });
    }
    if (record.state !== "open") await changeJob(store, jobId, { state: "open" });
    const job = { record, log, onEvent, ...supplying(record.datasetId, supply) };
    const work = throughLosses(s, job);
    const done = work.then(
      () => undefined,
      () => undefined,
    );
    s.answers.set(jobId, log.entries);
    const answering = { jobId, datasetId: record.datasetId, log, done };
    s.answering = answering;
    try {
      if (await work) await changeJob(store, jobId, { state: "done" });
    } finally {
      if (s.answering === answering) s.answering = undefined;
    }
    return summaryOf(s, jobId);
  });
}

/** Answers again what was under way when the GPU was lost, as long as each attempt gets further than the one before. */
async function throughLosses(s: EngineState, job: Parameters<typeof answerJob>[1]): Promise<boolean> {
  for (;;) {
    const { gpu } = (await inTurn(s, () => livingModel(s))).vlm;
    const { done } = job.log;
    try {
      return await answerJob(s, job);
    } catch (error) {
      const loss = await gpu.lossWithin(500);
      if (!loss || job.log.done === done) throw loss ?? error;
      job.onEvent({ type: "note", words: "The GPU was lost; it was opened again, and the job went on." });
    }
  }
}

/** Stops the job if its rows are being answered in this engine, and waits for its last write. */
async function endJob({ answering, asked, speaking }: EngineState, jobId: string): Promise<void> {
  if (answering?.jobId !== jobId) return;
  for (const question of asked) question.stopped = true;
  speaking?.stop();
  await answering.done;
}

/** @see ApplyApi.stopJob */
export async function stopJob(s: EngineState, jobId: string): Promise<JobSummary> {
  await endJob(s, jobId);
  const store = await s.store();
  const { state } = await readJob(store, jobId);
  if (state === "open") await changeJob(store, jobId, { state: "stopped" });
  return summaryOf(s, jobId);
}

/** @see ApplyApi.deleteJob */
export async function removeJob(s: EngineState, jobId: string): Promise<void> {
  await endJob(s, jobId);
  await withJobLock(jobId, async () => {
    const store = await s.store();
    const all = await listJobs(store);
    const job = all.find(({ id }) => id === jobId);
    await deleteJob(store, jobId);
    s.answers.delete(jobId);
    const others = all.some(({ id, datasetId }) => id !== jobId && datasetId === job?.datasetId);
    // Files that were given to be answered serve jobs only.
    if (job?.which === "files" && !others) await deleteDataset(store, job.datasetId);
  });
}

/** All jobs, with those that another tab holds marked. */
export async function jobSummaries(s: EngineState): Promise<JobSummary[]> {
  const held = new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
  return (await listJobs(await s.store())).map((job) => {
    const here = s.answering?.jobId === job.id;
    const status = !here && held.has(jobLock(job.id)) ? "elsewhere" : job.state;
    return { ...job, ...(here ? s.answering?.log.progress : {}), status };
  });
}

async function summaryOf(s: EngineState, jobId: string): Promise<JobSummary> {
  const store = await s.store();
  const job = await readJob(store, jobId);
  return { ...job, ...(await readProgress(store, jobId)), status: job.state };
}

/** Jobs whose answers stay in memory: two may be on show. */
const KEPT = 2;

/** Answers of a job so far: of one that goes on here, as they come. */
export async function entriesOf(s: EngineState, jobId: string): Promise<readonly JobEntry[]> {
  if (s.answering?.jobId === jobId) return s.answering.log.entries;
  const store = await s.store();
  const { answered, unanswered } = await readProgress(store, jobId);
  const kept = s.answers.get(jobId);
  s.answers.delete(jobId);
  const entries = kept?.length === answered + unanswered ? kept : (await readEntries(store, jobId)).entries;
  // A Map keeps insertion order: the first is the oldest.
  s.answers.set(jobId, entries);
  if (s.answers.size > KEPT) s.answers.delete(s.answers.keys().next().value!);
  return entries;
}
