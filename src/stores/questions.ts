/** Questions of the data on show, for a conversation that has not begun. */
import { create } from "zustand";
import { reportOf } from "../../workers/errors.ts";
import type { DataQuestion, DatasetSource } from "../../workers/protocol/dataset.ts";
import { remembered } from "../page/remembered.ts";
import { attempt } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import type { Attached } from "./chat.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { HELD_OUT_KEYS } from "./rows.ts";
import { useTraining } from "./training.ts";

/** How many there are to choose from. */
const QUESTIONS = 4;

export interface ShownQuestion extends DataQuestion {
  /** Its pictures, each with an object URL; undefined where they are fetched when it is asked: a hub is not asked for what nobody has chosen. */
  shown: Attached[] | undefined;
}

interface QuestionsStore {
  questions: ShownQuestion[];
  /** Looks for questions of the data on show; none where its files are not open in this tab. */
  refresh(): Promise<void>;
  /** The pictures that a question comes with. */
  picturesOf(question: ShownQuestion): Promise<File[]>;
}

/** Where the rows on show came from, as far as this tab can read it. */
function sourceNow(): DatasetSource | undefined {
  const { info, source } = useDataset.getState();
  const { data } = remembered();
  return source ?? (data?.sample && data.id === info?.id ? { kind: "sample" } : undefined);
}

/** Faults of a picture: its row is not suggested, and is told among the rows that cannot be used when it is prepared. */
const FAULTS: readonly string[] = ["bad-image", "image-too-large"];

async function filesOf(source: DatasetSource, datasetId: string, question: DataQuestion): Promise<File[]> {
  if (question.pictures === 0) return [];
  const { position, pictures } = question;
  const found = await dataset((api, alive) =>
    api.picturesOfRow(source, datasetId, { position, pictures }, callback(alive)),
  );
  return found.map(({ name, blob }) => new File([blob], name, { type: blob.type }));
}

/** Undefined where a picture cannot be read. */
async function readable(files: Promise<File[]>): Promise<File[] | undefined> {
  try {
    return await files;
  } catch (error) {
    if (FAULTS.includes(reportOf(error).code)) return undefined;
    throw error;
  }
}

export const useQuestions = create<QuestionsStore>((set, get) => {
  function show(questions: ShownQuestion[]): void {
    for (const { shown = [] } of get().questions) for (const { url } of shown) URL.revokeObjectURL(url);
    set({ questions });
  }

  /** The newest request: an older answer that comes later is not shown. */
  let newest = 0;
  return {
    questions: [],
    async refresh() {
      newest += 1;
      const mine = newest;
      const { info } = useDataset.getState();
      const model = useModel.getState().info;
      const source = sourceNow();
      if (!info || !model || !source) return show([]);
      await attempt("chat", async () => {
        const { fields, problems } = useTraining.getState();
        const recipe = problems.size > 0 ? {} : Object.fromEntries(HELD_OUT_KEYS.map((key) => [key, fields[key]]));
        const found = await dataset((api) => api.questions(info.id, model.preparation, recipe, QUESTIONS));
        const files: (File[] | undefined)[] = [];
        for (const question of found) {
          if (mine !== newest) return;
          const own = source.kind === "hub" ? undefined : await readable(filesOf(source, info.id, question));
          files.push(own);
        }
        if (mine !== newest) return;
        show(
          found.flatMap((question, i): ShownQuestion[] => {
            const own = files[i];
            if (source.kind === "hub") return [{ ...question, shown: undefined }];
            return own ? [{ ...question, shown: own.map((file) => ({ file, url: URL.createObjectURL(file) })) }] : [];
          }),
        );
      });
    },
    async picturesOf(question) {
      const { info } = useDataset.getState();
      const source = sourceNow();
      if (question.shown) return question.shown.map(({ file }) => file);
      return info && source ? filesOf(source, info.id, question) : [];
    },
  };
});
