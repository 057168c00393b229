/** What came of the job on show: figures, a page of its answers with their pictures, and another job beside it. */
import { create } from "zustand";
import type { AnswerFormatName } from "../../workers/apply/answer-lines.ts";
import type { JobComparison, JobResults, ShownAnswers } from "../../workers/apply/results.ts";
import type { RowThumbnail } from "../../workers/data/preview.ts";
import type { MetricName } from "../../workers/metrics/metric.ts";
import { attempt } from "../page/store.ts";
import { callback, dataset, engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { useApply } from "./apply.ts";
import { useModel } from "./model.ts";

export const PAGE_ANSWERS = 50;

/** How long figures stay before they are counted again while answers come: many answers take the engine a while. */
const LEAST_PAUSE_MS = 1500;
const PAUSES = 20;

interface AnswersStore {
  /** Of which job `results` are. */
  jobId: string | undefined;
  results: JobResults | undefined;
  filter: ShownAnswers;
  /** From 0. */
  page: number;
  /** Pictures of the rows on the page, by position. */
  pictures: ReadonlyMap<number, RowThumbnail>;
  /** Id of the job beside it. */
  other: string | undefined;
  comparison: JobComparison | null | undefined;
  /** Reads the job on show anew; `atOnce` false: not more often than is good for the engine. */
  refresh(atOnce?: boolean): Promise<void>;
  look(next: Partial<Pick<AnswersStore, "filter" | "page">>): Promise<void>;
  setMetric(metric: MetricName | null): Promise<void>;
  compare(other: string | undefined): Promise<void>;
  save(format: AnswerFormatName): Promise<void>;
}

export const useAnswers = create<AnswersStore>((set, get) => {
  /** The newest request: an older answer that comes later is not shown. */
  let newest = 0;
  /** Not before this time, in ms of `performance.now`. */
  let next = 0;

  async function picturesOf(datasetId: string, results: JobResults): Promise<void> {
    const positions = results.rows.flatMap(({ position }) => (position === null ? [] : [position]));
    const known = get().pictures;
    const wanted = positions.filter((position) => !known.has(position));
    const mine = newest;
    const spec = useModel.getState().info?.preparation;
    const found =
      wanted.length === 0
        ? []
        : await dataset((api, alive) => api.thumbnails(datasetId, spec, wanted, callback(alive)));
    if (mine !== newest) return;
    const fresh = wanted.flatMap((position, i) => (found[i] ? [[position, found[i]] as const] : []));
    const kept = positions.flatMap((position) => {
      const picture = known.get(position);
      return picture ? [[position, picture] as const] : [];
    });
    set({ pictures: new Map([...kept, ...fresh]) });
  }

  async function compareNow(): Promise<void> {
    const { jobId, other } = get();
    const comparison = jobId && other ? await engine((api) => api.compareJobs(jobId, other)) : undefined;
    if (get().jobId === jobId && get().other === other) set({ comparison });
  }

  return {
    jobId: undefined,
    results: undefined,
    filter: "all",
    page: 0,
    pictures: new Map(),
    other: undefined,
    comparison: undefined,
    async refresh(atOnce = true) {
      const { shown, jobs } = useApply.getState();
      const job = jobs.find(({ id }) => id === shown);
      const began = performance.now();
      if (!atOnce && began < next) return;
      next = Number.POSITIVE_INFINITY;
      newest += 1;
      const mine = newest;
      if (shown !== get().jobId) {
        const fresh = { filter: "all", page: 0, pictures: new Map(), other: undefined, comparison: undefined } as const;
        set({ jobId: shown, results: undefined, ...fresh });
      }
      await attempt("apply", async () => {
        if (!job) return;
        const { filter: show, page } = get();
        const asked = { show, from: page * PAGE_ANSWERS, count: PAGE_ANSWERS };
        const results = await engine((api) => api.readAnswers(job.id, asked));
        if (mine !== newest) return;
        set({ results });
        await picturesOf(job.datasetId, results);
        await compareNow();
      });
      const took = performance.now() - began;
      next = performance.now() + Math.max(LEAST_PAUSE_MS, PAUSES * took);
    },
    async look(wanted) {
      set({ page: 0, ...wanted });
      await get().refresh();
    },
    async setMetric(metric) {
      const { jobId } = get();
      if (!jobId) return;
      await attempt("apply", () => engine((api) => api.setMetric(jobId, metric)));
      await useApply.getState().refresh();
      await get().refresh();
    },
    async compare(other) {
      set({ other, comparison: undefined });
      await attempt("apply", compareNow);
    },
    save: (format) =>
      attempt("apply", async () => {
        const { jobId } = get();
        const job = useApply.getState().jobs.find(({ id }) => id === jobId);
        if (!job) return;
        const file = await engine((api) => api.downloadAnswers(job.id, format));
        const by = job.adapter?.label ?? job.modelLabel;
        const name = `answers-${job.datasetLabel}-${by}`.replace(/[^\p{L}\p{N}._-]+/gu, "-");
        download(file, `${name}.${format}`);
      }),
  };
});
