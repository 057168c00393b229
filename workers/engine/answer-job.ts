/** The rows of a job, answered one after the other on the chat of the page; what was answered is kept as it comes. */
import { type JobRecord, readJobRows } from "../apply/job.ts";
import type { JobLog } from "../apply/log.ts";
import { rowsToAnswer } from "../apply/rows.ts";
import { answerRows } from "../chat/answer-rows.ts";
import type { Chat } from "../chat/generate.ts";
import type { RoomyChat } from "../chat/roomy-chat.ts";
import { openDataset, type SupplyRows } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { JobEvent } from "../protocol/apply.ts";
import { asking, openChat, speak } from "./chat-answer.ts";
import { putOnSaved } from "./put-on.ts";
import { type EngineState, needModel } from "./state.ts";

/** Rows whose pictures are read at once: one is answered, the next is ready. */
const WIDTH = 2;

export interface JobAtWork {
  record: JobRecord;
  log: JobLog;
  supply?: SupplyRows;
  onEvent: (e: JobEvent) => void;
}

/**
 * Goes on until all rows have an answer, or somebody stops it. Resolves to whether it came to the end. Throws what is no fault of one row.
 */
export const answerJob = (s: EngineState, job: JobAtWork): Promise<boolean> =>
  asking(s, (asked) => begin(s, job, asked));

async function begin(
  s: EngineState,
  { record, log, supply, onEvent }: JobAtWork,
  asked: { stopped: boolean },
): Promise<() => Promise<boolean>> {
  const store = await s.store();
  refuseOther(record, needModel(s));
  const dataset = await openDataset(store, record.datasetId, supply);
  if (!dataset) throw rowsGone(record);
  const rows = rowsToAnswer(store, dataset, await readJobRows(store, record.id));
  if (record.adapter) await putOnAsBegun(s, record.adapter);
  const { current, chat } = await openChat(s);
  const preparation = preparationOf(current.preparation);
  // A page that is asked for rows and says nothing keeps nobody waiting who stops.
  const stop = new TabTuneError("cancelled", "It was stopped.", "");
  let release = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    release = () => reject(stop);
  });
  stopped.catch(() => undefined);
  const settings = {
    chat: roomOf(chat),
    preparation,
    eosIds: current.eosIds,
    picturesOf: (row: Parameters<typeof rows.picturesOf>[0]) => Promise.race([rows.picturesOf(row), stopped]),
    width: WIDTH,
    useAdapter: record.adapter !== null,
    maxNewTokens: record.maxNewTokens,
    prompt: record.prompt,
    stopped: () => asked.stopped,
  };
  const work = async (): Promise<boolean> => {
    let since = performance.now();
    try {
      for await (const outcome of answerRows(rows.from(log.done), settings)) {
        const seconds = (performance.now() - since) / 1000;
        since = performance.now();
        const { position, index: row, source } = outcome.row;
        const { fault } = outcome;
        if (fault)
          await log.add({ position, row, source, message: `${fault.message} ${fault.remedy}`.trim() }, seconds);
        else await log.add({ position, answered: outcome.answered }, seconds);
        onEvent({ type: "progress", progress: log.progress, done: log.done });
      }
    } catch (error) {
      if (error === stop) return false;
      throw error instanceof TabTuneError && error.code === "no-files" ? filesWanted(record) : error;
    } finally {
      await log.flush();
    }
    return log.done === record.rows;
  };
  const written = work();
  speak(s, written, () => {
    asked.stopped = true;
    release();
  });
  return () => written;
}

/** Throws TabTuneError "bad-argument" where the loaded model is another one, or prepares rows in another way. */
function refuseOther({ modelId, modelLabel, preparation }: JobRecord, model: LoadedModel): void {
  if (modelId === model.id && preparation === model.preparation.id) return;
  const how = modelId === model.id ? ", with the same chat template and the same cut of pictures" : "";
  throw new TabTuneError(
    "bad-argument",
    `This job was begun on ${modelLabel}${how}, not on the model that is loaded.`,
    `Load ${modelLabel}${how} first.`,
    "What was answered so far is kept.",
  );
}

/** Throws where it cannot be had as it was when the job began. */
async function putOnAsBegun(s: EngineState, { runId, step, label }: NonNullable<JobRecord["adapter"]>): Promise<void> {
  const now = await putOnSaved(s, { runId }, "Stop and save it to answer with an adapter.");
  if (now === step) return;
  throw new TabTuneError(
    "bad-argument",
    `The job was begun with the adapter of ${label} at step ${step}; the run has been trained on since, and ends at step ${now}.`,
    "Start a new job: answers of two adapters do not belong into one list.",
    "What was answered so far is kept.",
  );
}

const filesWanted = ({ datasetLabel, which }: JobRecord): TabTuneError =>
  new TabTuneError(
    "no-files",
    `Rows of ${datasetLabel} have yet to be prepared, and its files are not open in this tab.`,
    which === "files"
      ? "Choose the same files again under Rows, then press Resume answering."
      : "Open the same data again (drop its files, or look it up at the hub), then press Resume answering.",
    "What was answered so far is kept.",
  );

const rowsGone = ({ datasetLabel, which }: JobRecord): TabTuneError =>
  new TabTuneError(
    "bad-dataset",
    `The rows of ${datasetLabel} are no longer in the browser's storage.`,
    `${which === "files" ? "Choose the same files again" : "Give the same data again"}, then press Resume answering.`,
    "What was answered so far is kept.",
  );

/** The chat does not grow for a row: what has no room in it is a fault of the row. */
const roomOf = (chat: Chat): Pick<RoomyChat, "withRoom"> => ({
  async withRoom(tokens, tiles) {
    const { contextRows, tiles: most } = chat.room;
    if (tokens < contextRows && tiles <= most) return chat;
    const has =
      tiles > most
        ? `${tiles} picture tiles, and ${most} fit`
        : `${tokens} tokens, and ${contextRows} fit with the answer`;
    throw new TabTuneError("row-too-long", `The question has ${has}.`, "Shorten it, or show fewer pictures.");
  },
});
