/** Jobs that answer rows: what is asked for next, the one that goes on, and all that are kept. What came of one is in answers.ts. */
import { create } from "zustand";
import type { JobProgress, JobSummary } from "../../workers/apply/job.ts";
import { reportOf, TabTuneError } from "../../workers/errors.ts";
import type { JobEvent, JobRequest } from "../../workers/protocol/apply.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { words } from "../words/index.ts";
import { useApplyFiles } from "./apply-files.ts";
import { useDataset } from "./dataset.ts";
import { engineSupply } from "./engine-supply.ts";
import { useTraining } from "./training.ts";

/** Tokens of an answer where nobody says; as the command's. */
const MAX_NEW_TOKENS = 256;

/** What the next job is about. */
export interface ApplyForm {
  /** "all", "held out", "files", or "run ID" for what a run held out. */
  rows: string;
  /** A run; "" for the base model. */
  adapter: string;
  /** "": each row's own question. */
  prompt: string;
  maxNewTokens: number;
}

export interface GoingJob {
  id: string;
  progress: JobProgress;
  /** Rows that have an answer or a fault. */
  done: number;
  /** Somebody pressed Pause or Stop. */
  ending: boolean;
}

interface ApplyStore {
  form: ApplyForm;
  jobs: JobSummary[];
  /** Id of the job on show. */
  shown: string | undefined;
  going: GoingJob | undefined;
  /** What happened on the way, one sentence or more; "" for nothing. */
  note: string;
  change(form: Partial<ApplyForm>): void;
  refresh(): Promise<void>;
  show(id: string | undefined): void;
  /** Keeps a job of the form, and answers its rows. */
  start(): Promise<void>;
  resume(id: string): Promise<void>;
  pause(): Promise<void>;
  /** Ends a job with what it has. */
  stop(id: string): Promise<void>;
  remove(id: string): Promise<void>;
}

/** The rows of the form, for the engine. Throws TabTuneError "no-rows" where there are none. */
function rowsOf(rows: string): JobRequest["rows"] {
  if (rows.startsWith("run ")) return { kind: "held out of run", runId: rows.slice("run ".length) };
  const { info } = rows === "files" ? useApplyFiles.getState() : useDataset.getState();
  const say = words().apply.errors;
  if (!info) throw new TabTuneError("no-rows", say.noRows, say.noRowsRemedy);
  if (rows === "held out") return { kind: "held out", datasetId: info.id, recipe: useTraining.getState().fields };
  return { kind: rows === "files" ? "files" : "all", datasetId: info.id };
}

export const useApply = create<ApplyStore>((set, get) => {
  const onEvent =
    (id: string) =>
    (event: JobEvent): void => {
      const { going } = get();
      if (going?.id !== id) return;
      if (event.type === "note") set({ note: event.words });
      else set({ going: { ...going, progress: event.progress, done: event.done } });
    };

  const put = (job: JobSummary): void =>
    set((s) => ({
      jobs: s.jobs.some(({ id }) => id === job.id) ? s.jobs.map((j) => (j.id === job.id ? job : j)) : [job, ...s.jobs],
    }));

  async function goOn(job: JobSummary): Promise<void> {
    const { id, answered, unanswered, cut, seconds, bytes, skipped } = job;
    const progress = { answered, unanswered, cut, seconds, bytes };
    set({ shown: id, note: "", going: { id, progress, done: answered + unanswered - skipped, ending: false } });
    try {
      const ended = await engine((api) => api.goOnWithJob(id, callback(onEvent(id)), callback(engineSupply)));
      put(ended);
      const going = get().going;
      if (going?.id === id && ended.status === "open" && !going.ending)
        set({
          note: words().apply.job.pausedByOther,
        });
    } catch (error) {
      const { code, message } = reportOf(error);
      const died = new TabTuneError(
        "worker-died",
        message,
        words().apply.errors.diedRemedy,
        words().apply.errors.diedSafe,
      );
      useApp.getState().fail("apply", code === "worker-died" ? died : error);
    } finally {
      if (get().going?.id === id) set({ going: undefined });
      await get().refresh();
    }
  }

  const ending = (): void => set((s) => (s.going ? { going: { ...s.going, ending: true } } : {}));

  return {
    form: { rows: "all", adapter: "", prompt: "", maxNewTokens: MAX_NEW_TOKENS },
    jobs: [],
    shown: undefined,
    going: undefined,
    note: "",
    change: (form) => set((s) => ({ form: { ...s.form, ...form } })),
    refresh: () =>
      attempt("apply", async () => {
        const jobs = await engine((api) => api.listJobs());
        const { shown } = get();
        // After a reload the newest stands where it stood.
        set({ jobs, shown: jobs.some(({ id }) => id === shown) ? shown : jobs[0]?.id });
      }),
    show: (shown) => set({ shown, note: "" }),
    async start() {
      useApp.getState().clear("apply");
      await attempt("apply", async () => {
        const { rows, adapter, prompt, maxNewTokens } = get().form;
        const request: JobRequest = {
          rows: rowsOf(rows),
          maxNewTokens,
          ...(adapter ? { adapter } : {}),
          ...(prompt.trim() ? { prompt } : {}),
        };
        const job = await engine((api) => api.newJob(request));
        put(job);
        await goOn(job);
      });
    },
    async resume(id) {
      useApp.getState().clear("apply");
      const job = get().jobs.find((one) => one.id === id);
      if (job) await goOn(job);
    },
    async pause() {
      ending();
      await attempt("apply", () => engine((api) => api.stopChat()));
    },
    async stop(id) {
      ending();
      await attempt("apply", async () => put(await engine((api) => api.stopJob(id))));
    },
    async remove(id) {
      ending();
      useApp.getState().clear("apply");
      await attempt("apply", () => engine((api) => api.deleteJob(id)));
      await get().refresh();
    },
  };
});
