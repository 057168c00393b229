/** The rows of the data panel: what is searched for, the page on show, and what a person changes of them. */
import { create } from "zustand";
import { everyRow, type RowPage, type RowQuery, type RowView } from "../../workers/data/browse.ts";
import type { RowChange } from "../../workers/data/index/changes.ts";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { useTraining } from "./training.ts";

/** Keys of a recipe that say which rows are held out. */
export const HELD_OUT_KEYS = [
  "eval_strategy",
  "eval_split",
  "seed",
  "load_best_model_at_end",
  "early_stopping_patience",
];

export const PAGE_ROWS = 8;

interface RowsStore {
  query: RowQuery;
  /** From 0. */
  page: number;
  /** Rows that the query finds. */
  total: number;
  rows: RowView[];
  /** The data set that `rows` are of; another one is there before its first rows are. */
  of: string | undefined;
  /** Where a search is; "" when none goes on. */
  looking: string;
  /** What searches and changes rows is on show. */
  tools: boolean;
  setTools(tools: boolean): void;
  /** Asks for another page, of the same rows or of those that another query finds. */
  show(next: Partial<Pick<RowsStore, "query" | "page">>): Promise<void>;
  /** The same rows once more: what a run does with them may have changed. */
  again(): Promise<void>;
  /** Another data set is there: its first rows, all of them. */
  begin(): Promise<void>;
  /** Resolves to whether it was done; what is wrong is told in the panel. */
  change(change: RowChange): Promise<boolean>;
}

export const useRows = create<RowsStore>((set, get) => {
  /** The newest request: an older answer that comes later is not shown. */
  let newest = 0;

  async function load(): Promise<void> {
    const { info } = useDataset.getState();
    const model = useModel.getState().info;
    newest += 1;
    const mine = newest;
    if (!info || !model) {
      set({ rows: [], total: 0, of: undefined, looking: "" });
      return;
    }
    const { query, page } = get();
    try {
      const { fields, problems } = useTraining.getState();
      const recipe = problems.size > 0 ? {} : Object.fromEntries(HELD_OUT_KEYS.map((key) => [key, fields[key]]));
      const asked = { query, from: page * PAGE_ROWS, count: PAGE_ROWS, recipe };
      const found: RowPage = await dataset((api, alive) =>
        api.rows(
          info.id,
          model.preparation,
          asked,
          callback((looked: string) => {
            alive(looked);
            if (mine === newest) set({ looking: looked });
          }),
        ),
      );
      if (mine !== newest) return;
      const last = Math.max(0, Math.ceil(found.total / PAGE_ROWS) - 1);
      set({ ...found, of: info.id, looking: "" });
      // The last row of the last page was taken out of what is shown.
      if (page > last) await get().show({ page: last });
    } catch (error) {
      if (mine !== newest) return;
      // What could not be read is told below; rows of another data set are not these.
      if (get().of !== info.id) set({ rows: [], total: 0, of: info.id });
      set({ looking: "" });
      useApp.getState().fail("data", error);
    }
  }

  return {
    query: everyRow,
    page: 0,
    total: 0,
    rows: [],
    of: undefined,
    looking: "",
    tools: false,
    setTools: (tools) => set({ tools }),
    async show(next) {
      set({ page: 0, ...next });
      await load();
    },
    again: load,
    begin: () => get().show({ query: everyRow }),
    async change(change) {
      const { info } = useDataset.getState();
      const model = useModel.getState().info;
      if (!info || !model) return false;
      useApp.getState().clear("data");
      try {
        const now = await dataset((api) => api.change(info.id, model.preparation, change));
        if (useDataset.getState().info?.id === now.id) useDataset.setState({ info: now });
        await load();
        return true;
      } catch (error) {
        useApp.getState().fail("data", error);
        return false;
      }
    },
  };
});
