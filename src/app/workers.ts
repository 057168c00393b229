/**
 * The two workers behind the page, and the one way to call them. Comlink never settles a call when a worker dies, so each call is
 * raced against the worker's `error` event and a heartbeat; a dead worker is replaced and the caller gets a sentence.
 */
import * as Comlink from "comlink";
import { type ErrorReport, TabTuneError, toReport } from "../../workers/errors.ts";
import type { DatasetApi, EngineApi } from "../../workers/protocol.ts";

interface Handle<T> {
  api: Comlink.Remote<T>;
  /** Rejects when the worker is gone. */
  died: Promise<never>;
  stop(reason: TabTuneError): void;
}

function open<T>(worker: Worker, what: string): Handle<T> {
  let reject: (reason: TabTuneError) => void;
  const died = new Promise<never>((_, r) => {
    reject = r;
  });
  died.catch(() => {});
  const gone = (detail: string): TabTuneError =>
    new TabTuneError(
      "worker-died",
      `The ${what} stopped working${detail ? `: ${detail}` : "."}`,
      "Load the model again, then press Resume run.",
      "Everything up to the last checkpoint is saved.",
    );
  worker.addEventListener("error", (event) => reject(gone(event.message)));
  worker.addEventListener("messageerror", () => reject(gone("a message could not be read")));
  return {
    api: Comlink.wrap<T>(worker),
    died,
    stop(reason) {
      worker.terminate();
      reject(reason);
    },
  };
}

const openEngine = (): Handle<EngineApi> =>
  open(new Worker(new URL("../../workers/engine.worker.ts", import.meta.url), { type: "module" }), "training engine");
const openDataset = (): Handle<DatasetApi> =>
  open(new Worker(new URL("../../workers/dataset.worker.ts", import.meta.url), { type: "module" }), "data reader");

let engineHandle: Handle<EngineApi> | undefined;
let datasetHandle: Handle<DatasetApi> | undefined;

/** An error as it crossed a worker border: TabTuneError's fields survive, its class does not. */
export function reportOf(error: unknown): ErrorReport {
  if (typeof error === "object" && error !== null && "code" in error && "remedy" in error) {
    const e = error as ErrorReport;
    return { code: e.code, message: e.message, remedy: e.remedy, safe: e.safe };
  }
  return toReport(error);
}

/** Calls the engine; rejects when it dies. The next call starts a new one. */
export async function engine<R>(call: (api: Comlink.Remote<EngineApi>) => Promise<R>): Promise<R> {
  engineHandle ??= openEngine();
  const handle = engineHandle;
  try {
    return await Promise.race([call(handle.api), handle.died]);
  } catch (error) {
    if (reportOf(error).code === "worker-died" && engineHandle === handle) engineHandle = undefined;
    throw error;
  }
}

/** Silence that means the reader hangs on a broken file. */
const DATASET_SILENCE_MS = 20_000;

/**
 * Calls the dataset worker under a watchdog: `alive` must be called on every sign of life. It parses files that nobody has vetted, so
 * it may hang or crash; it is then thrown away.
 */
export async function dataset<R>(call: (api: Comlink.Remote<DatasetApi>, alive: () => void) => Promise<R>): Promise<R> {
  datasetHandle ??= openDataset();
  const handle = datasetHandle;
  let last = performance.now();
  const watchdog = setInterval(() => {
    if (performance.now() - last < DATASET_SILENCE_MS) return;
    handle.stop(
      new TabTuneError(
        "worker-died",
        "Reading the files took too long without progress: one of them is probably broken.",
        "Remove the file named last in the status line and drop the rest again.",
        "The model and all runs are untouched.",
      ),
    );
  }, 1000);
  try {
    return await Promise.race([
      call(handle.api, () => {
        last = performance.now();
      }),
      handle.died,
    ]);
  } catch (error) {
    if (reportOf(error).code === "worker-died" && datasetHandle === handle) datasetHandle = undefined;
    throw error;
  } finally {
    clearInterval(watchdog);
  }
}

/** Throws the dataset worker away: the way to cancel reading. */
export function cancelDataset(): void {
  datasetHandle?.stop(new TabTuneError("cancelled", "Reading was cancelled.", "Drop the files again when you like."));
  datasetHandle = undefined;
}

/** Watches the engine while it is busy: 60 s without an answer to a ping means it hangs. */
export function watchEngine(): void {
  let asked = 0;
  setInterval(async () => {
    const handle = engineHandle;
    if (!handle || asked) {
      if (handle && performance.now() - asked > 60_000) {
        asked = 0;
        handle.stop(
          new TabTuneError(
            "worker-died",
            "The training engine has not answered for a minute.",
            "Load the model again, then press Resume run.",
            "Everything up to the last checkpoint is saved.",
          ),
        );
        engineHandle = undefined;
      }
      return;
    }
    asked = performance.now();
    await Promise.race([handle.api.ping(), handle.died]).catch(() => {});
    asked = 0;
  }, 5000);
}

/** A callback that the worker may call. */
export const callback = Comlink.proxy;
