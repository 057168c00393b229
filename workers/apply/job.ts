/**
 * A job: rows that are answered one after the other, and what was answered so far, as they lie in the store. It outlives its page, its
 * worker and its GPU. Keys, under `job/<id>/`:
 *
 *     record            what was asked
 *     rows              positions of its rows in the index of its data
 *     changes           what a person had changed of the rows when it began
 *     progress          how far it is
 *     answers/<n>       answers and faults, `BLOCK_ROWS` to a block, in the order of the rows
 *
 * Blocks and progress are written together. The record goes last when a job is deleted: a removal that is cut off stays in the list.
 */
import * as v from "valibot";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { type RowChanges, readChanges, writeChanges } from "../data/index/changes.ts";
import { TabTuneError } from "../errors.ts";
import { METRIC_NAMES } from "../metrics/metric.ts";
import { sealBytes, sealJson, unsealBytes } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import { type Form, unsealAs } from "../storage/unseal-as.ts";

const SCHEMA = 1;
export const BLOCK_ROWS = 64;

const recordSchema = v.object({
  schema: v.literal(SCHEMA),
  id: v.string(),
  /** ISO 8601. */
  createdAt: v.string(),
  modelId: v.string(),
  modelLabel: v.string(),
  /** `PreparationSpec.id`: how its rows are prepared. */
  preparation: v.string(),
  /** Whose answers: a saved run's adapter as it was at a step; null: the base model's. */
  adapter: v.nullable(v.object({ runId: v.string(), step: v.number(), label: v.string() })),
  datasetId: v.string(),
  datasetLabel: v.string(),
  /** "files": they were given to be answered, not to be trained on. */
  which: v.picklist(["all", "held out", "files"]),
  /** Equal for jobs over the same rows with the same texts. */
  rowsKey: v.string(),
  /** Rows to answer; those that the reader left out are told beside them. */
  rows: v.number(),
  skipped: v.number(),
  /** Asked in place of each row's own question. */
  prompt: v.optional(v.string()),
  maxNewTokens: v.number(),
  /** As a person wants it; null: the one that fits the right answers. */
  metric: v.nullable(v.picklist(METRIC_NAMES)),
  state: v.picklist(["open", "stopped", "done"]),
});
/** With the fields of later versions, which are kept when it is written over. */
const withLater = v.looseObject(recordSchema.entries);

export type JobRecord = v.InferOutput<typeof recordSchema>;

/** How far a job is. */
export interface JobProgress {
  answered: number;
  /** Rows that cannot be answered, those that the reader left out among them. */
  unanswered: number;
  /** Answers that were cut off. */
  cut: number;
  /** At work. */
  seconds: number;
  /** Of its answers, as stored. */
  bytes: number;
}

/** A row that was answered, or why it was not. A row that the reader left out has no position. */
export type JobEntry =
  | { position: number; answered: AnsweredRow }
  | { position: number | null; row: number; source: string; message: string };

export interface JobSummary extends JobRecord, JobProgress {
  /** "elsewhere": another tab is at it. */
  status: JobRecord["state"] | "elsewhere";
}

/** The record of job `id`, in whatever version. */
export const jobForm = (id: string): Form => v.looseObject({ id: v.literal(id), rowsKey: v.string() });
export const progressForm = v.looseObject({
  ...{ answered: v.number(), unanswered: v.number(), cut: v.number(), seconds: v.number(), bytes: v.number() },
});
export const entriesForm = v.array(
  v.union([
    v.looseObject({
      position: v.number(),
      answered: v.looseObject({ answer: v.string(), right: v.array(v.string()) }),
    }),
    v.looseObject({ position: v.nullable(v.number()), row: v.number(), source: v.string(), message: v.string() }),
  ]),
);

const prefix = (id: string): string => `job/${id}/`;
const recordKey = (id: string): string => `${prefix(id)}record`;
const rowsKey = (id: string): string => `${prefix(id)}rows`;
const changesKey = (id: string): string => `${prefix(id)}changes`;
export const progressKey = (id: string): string => `${prefix(id)}progress`;
const blocksPrefix = (id: string): string => `${prefix(id)}answers/`;
export const blockKey = (id: string, n: number): string => `${blocksPrefix(id)}${String(n).padStart(8, "0")}`;

const noProgress: JobProgress = { answered: 0, unanswered: 0, cut: 0, seconds: 0, bytes: 0 };

/** Writes a new job, its record last. */
export async function writeJob(
  store: Store,
  job: Omit<JobRecord, "schema">,
  { positions, changes }: JobRows,
): Promise<void> {
  const bytes = new Uint8Array(Int32Array.from(positions).buffer);
  await store.set([[rowsKey(job.id), await sealBytes(bytes)]], "relaxed");
  await writeChanges(store, changesKey(job.id), changes);
  await writeRecord(store, { ...job, schema: SCHEMA });
}

const writeRecord = async (store: Store, record: JobRecord): Promise<void> =>
  store.set([[recordKey(record.id), await sealJson(record)]], "strict");

/** Throws TabTuneError "bad-argument" where the job is gone, or its record cannot be read. */
export async function readJob(store: Store, id: string): Promise<JobRecord> {
  const sealed = await store.get(recordKey(id));
  const read = v.safeParse(withLater, await unsealAs(jobForm(id), sealed));
  if (read.success) return read.output;
  const what = sealed ? "Its record is damaged, or of another version." : "It was deleted, perhaps in another tab.";
  throw new TabTuneError("bad-argument", `This job cannot be opened. ${what}`, "Start a new one.");
}

/** Changes what may change of a job. Throws as `readJob`. */
export async function changeJob(
  store: Store,
  id: string,
  change: Partial<Pick<JobRecord, "metric" | "state">>,
): Promise<void> {
  await writeRecord(store, { ...(await readJob(store, id)), ...change });
}

export interface JobRows {
  /** In the index of the data, in the order in which they are answered. */
  positions: readonly number[];
  changes: RowChanges;
}

/** The positions in a stored list of rows, ascending; undefined for a damaged list, and for what is none. */
export async function positionsIn(sealed: Uint8Array): Promise<number[] | undefined> {
  const bytes = await unsealBytes(sealed);
  if (!bytes || bytes.length % 4 !== 0) return undefined;
  const positions = [...new Int32Array(bytes.slice().buffer)];
  return positions.every((position, i) => position > (positions[i - 1] ?? -1)) ? positions : undefined;
}

/** Throws TabTuneError "bad-dataset" where the list of rows is damaged. */
export async function readJobRows(store: Store, id: string): Promise<JobRows> {
  const sealed = await store.get(rowsKey(id));
  const positions = sealed && (await positionsIn(sealed));
  if (!positions) {
    const safe = "What was answered so far is kept.";
    throw new TabTuneError("bad-dataset", "The list of this job's rows is damaged.", "Start a new job.", safe);
  }
  return { positions, changes: await readChanges(store, changesKey(id)) };
}

export async function readProgress(store: Store, id: string): Promise<JobProgress> {
  return (await unsealAs<JobProgress>(progressForm, await store.get(progressKey(id)))) ?? noProgress;
}

export interface ReadEntries {
  entries: JobEntry[];
  /** Bytes of each block, as stored. */
  sizes: number[];
  /** Keys of blocks behind the first that is not whole: their rows are answered again. */
  lost: string[];
}

export async function readEntries(store: Store, id: string): Promise<ReadEntries> {
  const entries: JobEntry[] = [];
  const sizes: number[] = [];
  const keys = await store.keys(blocksPrefix(id));
  for (const [n, key] of keys.entries()) {
    const sealed = key === blockKey(id, n) ? await store.get(key) : undefined;
    const block = await unsealAs<JobEntry[]>(entriesForm, sealed);
    if (!sealed || !block) return { entries, sizes, lost: keys.slice(n) };
    entries.push(...block);
    sizes.push(sealed.length);
    if (block.length < BLOCK_ROWS) return { entries, sizes, lost: keys.slice(n + 1) };
  }
  return { entries, sizes, lost: [] };
}

/** All jobs, newest first. `onUnreadable` hears of those whose record this version cannot read. */
export async function listJobs(
  store: Store,
  onUnreadable: (id: string) => void = () => {},
): Promise<(JobRecord & JobProgress)[]> {
  const ids = new Set((await store.keys("job/")).map((key) => key.split("/")[1]!));
  const jobs: (JobRecord & JobProgress)[] = [];
  for (const id of ids) {
    try {
      jobs.push({ ...(await readJob(store, id)), ...(await readProgress(store, id)) });
    } catch (error) {
      if (!(error instanceof TabTuneError)) throw error;
      onUnreadable(id);
    }
  }
  return jobs.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

export async function deleteJob(store: Store, id: string): Promise<void> {
  await store.delete((await store.keys(prefix(id))).filter((key) => key !== recordKey(id)));
  await store.delete([recordKey(id)]);
}
