/**
 * Engine and reader, the two workers that work for long, and the one way to call them. Comlink never settles a call when a worker dies, so
 * each call is raced against the worker's `error` event and a heartbeat; a dead worker is replaced and the caller gets a sentence.
 */
import * as Comlink from "comlink";
import { fromReport, reportOf, TabTuneError } from "../../workers/errors.ts";
import type { DatasetApi } from "../../workers/protocol/dataset.ts";
import type { EngineApi } from "../../workers/protocol/engine.ts";
import { withWatchdog } from "../../workers/watchdog.ts";
import { words } from "../words/index.ts";
import { type Handle, handleOf } from "./handle.ts";

const workerDied = (message: string): TabTuneError =>
  new TabTuneError("worker-died", message, words().workers.loadAgain, words().workers.saved);

const openEngine = (): Handle<EngineApi> =>
  handleOf(
    new Worker(new URL("../../workers/engine.worker.ts", import.meta.url), { type: "module" }),
    "engine",
    workerDied,
  );
const openDataset = (): Handle<DatasetApi> =>
  handleOf(
    new Worker(new URL("../../workers/dataset.worker.ts", import.meta.url), { type: "module" }),
    "reader",
    workerDied,
  );

let engineHandle: Handle<EngineApi> | undefined;
let datasetHandle: Handle<DatasetApi> | undefined;

/** Calls the engine; rejects when it dies. The next call starts a new one. */
export async function engine<R>(call: (api: Comlink.Remote<EngineApi>) => Promise<R>): Promise<R> {
  if (!engineHandle) {
    const handle = openEngine();
    engineHandle = handle;
    handle.died.catch((reason: TabTuneError) => {
      if (engineHandle === handle) engineHandle = undefined;
      onEngineDeath(reason);
    });
  }
  const handle = engineHandle;
  return Promise.race([call(handle.api), handle.died]);
}

let onEngineDeath: (reason: TabTuneError) => void = () => {};

/** The next call starts a new one. */
function forgetDataset(handle: Handle<DatasetApi>): void {
  if (datasetHandle === handle) datasetHandle = undefined;
}

/** Silence that means the reader hangs on a broken file. */
const DATASET_SILENCE_MS = 20_000;

/**
 * Calls the dataset worker under a watchdog: `alive` must be called on every sign of life, with the place in the files. It parses
 * files that nobody has vetted, so it may hang or crash; it is then thrown away.
 */
export async function dataset<R>(
  call: (api: Comlink.Remote<DatasetApi>, alive: (place: string) => void) => Promise<R>,
): Promise<R> {
  const handle = datasetHandle ?? openDataset();
  if (datasetHandle !== handle) handle.died.catch(() => forgetDataset(handle));
  datasetHandle = handle;
  let last = "";
  const work = (alive: () => void): Promise<R> => {
    const answer = call(handle.api, (place) => {
      last = place;
      alive();
    });
    return Promise.race([answer, handle.died]);
  };
  try {
    return await withWatchdog(handle.worker, work, { silenceMs: DATASET_SILENCE_MS, task: words().workers.reading });
  } catch (error) {
    const report = reportOf(error);
    const { code, message, safe } = report;
    // A worker whose storage was cleared is no use any more: the next one opens it anew.
    if (code === "storage-gone") handle.stop(fromReport(report));
    if (code !== "worker-died") throw error;
    forgetDataset(handle);
    const remedy = last ? words().workers.leaveOut(last) : words().workers.otherFiles;
    throw new TabTuneError(code, message, remedy, safe, { cause: error });
  }
}

/** Throws the dataset worker away: the way to cancel reading. */
export function cancelDataset(): void {
  datasetHandle?.stop(new TabTuneError("cancelled", words().workers.cancelled, words().workers.dropAgain));
  datasetHandle = undefined;
}

/** A minute of silence, in ticks: after sleep or a frozen tab only one tick comes late, which must not kill. */
const PING_MS = 5000;
const SILENT_TICKS = 12;

/** Pings the engine; one that does not answer for a minute hangs and is thrown away. `onDeath` is told of any engine that died. */
export function watchEngine(onDeath: (reason: TabTuneError) => void): void {
  onEngineDeath = onDeath;
  let asked: Handle<EngineApi> | undefined;
  let silent = 0;
  setInterval(() => {
    const handle = engineHandle;
    if (!handle) return;
    if (asked === handle) {
      silent += 1;
      if (silent >= SILENT_TICKS) handle.stop(workerDied(words().workers.silent));
      return;
    }
    asked = handle;
    silent = 0;
    const answered = (): void => {
      if (asked === handle) asked = undefined;
    };
    handle.api.ping().then(answered, answered);
  }, PING_MS);
}

/** A callback that the worker may call. */
export const callback = Comlink.proxy;
