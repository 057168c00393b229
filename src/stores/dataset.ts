/** The data set in use, and what was skipped of it. What is prepared stays until its successor is. */
import { create } from "zustand";
import type { SkippedRow } from "../../workers/data/rows/row.ts";
import type { LeftOutRow } from "../../workers/data/shards/dataset.ts";
import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "../../workers/data/shards/read-drop.ts";
import { reportOf } from "../../workers/errors.ts";
import type { DatasetSource, DroppedFile, FilesSource, SeparatedCounts } from "../../workers/protocol/dataset.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import type { RecipeJson } from "../../workers/recipe.ts";
import { remembered } from "../page/remembered.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, cancelDataset, dataset } from "../page/workers.ts";
import { labelOf } from "../parts/files.ts";
import { words } from "../words/index.ts";
import { useColumns } from "./columns.ts";
import { useModel } from "./model.ts";
import { answered, mayBeCompleted, replacedWords, type SecondDrop, secondDrop } from "./second-drop.ts";
import { rememberOpened, suppliedRows } from "./supply.ts";

interface DatasetStore {
  info: DatasetInfo | undefined;
  /** Where `info` came from; undefined for rows that an earlier visit prepared. */
  source: DatasetSource | undefined;
  /** The model whose tokenizer and pictures `info` was prepared for. */
  preparedFor: ModelInfo | undefined;
  progress: DatasetProgress | undefined;
  /** What is being read. */
  reading: DatasetSource | undefined;
  /** Files that wait for a model: its tokenizer decides the examples. */
  waiting: DatasetSource | undefined;
  /** Files that gave no rows and may be completed by a second drop. */
  failed: FilesSource | undefined;
  /** A drop beside files that are there, which waits for an answer. */
  question: SecondDrop | undefined;
  /** Why there are no rows although there were; "" otherwise. */
  gone: string;
  /** Of rows that are prepared on demand; null where all are prepared. */
  cached: DatasetInfo["cached"];
  /** How a run with the recipe of now takes the rows; undefined until that is known. */
  separated: SeparatedCounts | undefined;
  /**
   * Finds out how a run with this recipe takes the rows; undefined: it keeps none apart. Resolves when `separated` says so, or cannot.
   * The newest call decides, whichever answer comes last.
   */
  separate(recipe: RecipeJson | undefined): Promise<void>;
  use(source: DatasetSource): Promise<void>;
  /** Files of the user's: a data set, or, beside files that are there, a question. */
  drop(files: DroppedFile[]): Promise<void>;
  /** The files that were dropped second belong to those before, or are a data set of their own. */
  answer(together: boolean): Promise<void>;
  /** Leaves the files out that were dropped second. */
  dismiss(): void;
  /** Shows rows that lie prepared in this browser. Resolves to false when they are no longer there. */
  open(id: string): Promise<boolean>;
  /** Prepares what waits, is being read or is there for this model, which may have another tokenizer; else brings back the last rows. */
  modelLoaded(model: ModelInfo): void;
  /** Prepares rows for a run, and shows what became of them. */
  supply(datasetId: string, positions: number[]): Promise<LeftOutRow[]>;
  /** The rows are no longer in this browser. */
  forget(gone: string): void;
  cancel(): void;
}

const wantsPicture = ({ reason }: SkippedRow): boolean => reason === "missing-picture";

export const useDataset = create<DatasetStore>((set, get) => {
  /** The newest call of `use`: an older one that ends later has no say any more. */
  let newest = 0;
  /** The newest call of `separate`. */
  let asked = 0;

  function show(info: DatasetInfo, source: DatasetSource | undefined): void {
    const { cached } = info;
    set({ info, source, preparedFor: useModel.getState().info, gone: "", cached, separated: undefined });
  }

  /** The rows of the last visit, where they were prepared for this very model. */
  async function comeBack(preparation: string): Promise<void> {
    const { data } = remembered();
    const { use, open, forget } = get();
    if (!data) return;
    await attempt("data", async () => {
      if (data.preparation === preparation && (await open(data.id))) return;
      if (data.sample) await use({ kind: "sample" });
      else if (data.preparation === preparation) forget(words().data.status.notHere(data.label));
    });
  }

  return {
    info: undefined,
    source: undefined,
    preparedFor: undefined,
    progress: undefined,
    reading: undefined,
    waiting: undefined,
    failed: undefined,
    question: undefined,
    gone: "",
    cached: null,
    separated: undefined,
    async separate(recipe) {
      const { info, preparedFor } = get();
      asked += 1;
      const mine = asked;
      const isCurrent = (): boolean => mine === asked && get().info === info;
      if (!info || !preparedFor || !recipe) return set({ separated: undefined });
      try {
        const separated = await dataset((api) => api.separate(info.id, preparedFor.preparation, recipe));
        if (isCurrent()) set({ separated });
      } catch (error) {
        // The run would refuse them for the same reason: it is said before somebody presses Start.
        const { message, remedy } = reportOf(error);
        const said = `${message} ${remedy}`;
        if (isCurrent()) set({ separated: { training: info.rows, heldOut: 0, words: said } });
      }
    },
    async use(dropped) {
      const app = useApp.getState();
      const model = useModel.getState().info;
      app.clear("data");
      if (dropped.kind === "sample") set({ question: undefined, failed: undefined });
      if (!model) {
        set({ waiting: dropped });
        return;
      }
      if (get().progress) cancelDataset();
      newest += 1;
      const mine = newest;
      set({ waiting: undefined, reading: dropped, progress: { phase: "reading", rows: 0, skipped: 0, detail: "" } });
      try {
        if (dropped.kind === "sample") useColumns.getState().clear();
        const onFetched = (detail: string): void => {
          if (mine === newest) set({ progress: { phase: "reading", rows: 0, skipped: 0, detail } });
        };
        const source = dropped.kind === "sample" ? dropped : await useColumns.getState().begin(dropped, onFetched);
        if (mine !== newest) return;
        const info = await dataset((api, alive) =>
          api.prepare(
            source,
            model.preparation,
            callback((progress: DatasetProgress) => {
              alive(progress.detail);
              // The last of them may come behind the answer, by another port.
              if (mine === newest && get().reading === dropped) set({ progress });
            }),
          ),
        );
        rememberOpened(info.id, source, model.preparation);
        if (mine !== newest) return;
        set({ progress: undefined, reading: undefined, failed: undefined });
        show(info, source);
      } catch (error) {
        if (mine !== newest) return;
        set({ progress: undefined, reading: undefined });
        const { info } = get();
        if (dropped.kind === "files" && mayBeCompleted(dropped.files, reportOf(error).code)) set({ failed: dropped });
        app.fail("data", error, info && words().data.status.kept(info.rows, info.label));
      }
    },
    async drop(files) {
      const { question, waiting, reading, failed, source, info, use } = get();
      const before = question?.before ?? waiting ?? reading ?? failed ?? source;
      const wanting = before === failed || (before === source && info?.skipped.some(wantsPicture) === true);
      // Who drops on while asked is asked once, about all of it.
      const dropped = [...(question?.dropped ?? []), ...files];
      const asked = before?.kind === "files" ? secondDrop(before, dropped, wanting) : undefined;
      if (asked?.likely) {
        set({ question: asked });
        return;
      }
      set({ question: undefined });
      await attempt("data", async () => {
        if (!asked) return use({ kind: "files", label: labelOf(dropped), files: dropped });
        const alone = await answered(asked, false);
        const replaced = before === failed ? [] : [replacedWords(asked)];
        await use({ ...alone, told: [...(alone.told ?? []), ...replaced] });
      });
    },
    async answer(together) {
      const { question, use } = get();
      if (!question) return;
      await attempt("data", async () => {
        const source = await answered(question, together);
        // Other files came meanwhile: the question is another one.
        if (get().question !== question) return;
        set({ question: undefined });
        await use(source);
      });
    },
    dismiss: () => set({ question: undefined }),
    async open(id) {
      if (get().info?.id === id) return true;
      const model = useModel.getState().info;
      const info = model ? await dataset((api) => api.open(id, model.preparation)) : null;
      if (info) show(info, undefined);
      return info !== null;
    },
    modelLoaded(model) {
      const { waiting, info, source, reading, preparedFor, use, forget, cancel } = get();
      const next = waiting ?? reading;
      const other = preparedFor !== undefined && preparedFor.preparation.id !== model.preparation.id;
      if (reading) cancel();
      if (info && other) forget(words().data.status.otherModel(info.label, preparedFor.label));
      if (next) void use(next);
      else if (source && other) void use(source);
      else if (!info) void comeBack(model.preparation.id);
    },
    async supply(datasetId, positions) {
      const { leftOut, cached } = await suppliedRows(datasetId, positions);
      const { info } = get();
      if (info?.id === datasetId) {
        const known = new Set(info.skipped.map(({ index }) => index));
        const fresh = leftOut.map(({ skipped }) => skipped).filter(({ index }) => !known.has(index));
        set(fresh.length > 0 ? { cached, info: { ...info, skipped: [...info.skipped, ...fresh] } } : { cached });
      }
      return leftOut;
    },
    forget: (gone) => set({ info: undefined, source: undefined, preparedFor: undefined, gone }),
    cancel() {
      newest += 1;
      cancelDataset();
      set({ progress: undefined, reading: undefined });
    },
  };
});
