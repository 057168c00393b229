/** Both sides of a thread that prepares pictures, with Comlink between them. `Spec`: what a family's picture format is made of. */
import * as Comlink from "comlink";
import { reporting, reportOf, TabTuneError } from "../../errors.ts";
import { type WorkerLike, withWatchdog } from "../../watchdog.ts";
import type { PictureFormat, PreparedImage } from "./format.ts";
import type { PictureThread } from "./pool.ts";
import { prepareImage } from "./prepare-image.ts";

/** Calls reject with an `ErrorReport`. */
interface ThreadApi<Spec> {
  start(spec: Spec): Promise<void>;
  prepare(bytes: Uint8Array, several?: boolean): Promise<PreparedImage>;
}

/** A program that is not there says so at once; one that has to be translated first takes a second. */
const START_MS = 60_000;

/** The thread's side: answers what comes through `endpoint`, without one what comes to this Web Worker. */
export function servePictures<Spec>(formatOf: (spec: Spec) => PictureFormat, endpoint?: Comlink.Endpoint): void {
  let format: PictureFormat;
  const api: ThreadApi<Spec> = {
    start: (spec) =>
      reporting(async () => {
        format = formatOf(spec);
      }),
    prepare: (bytes, several) =>
      reporting(async () => {
        const prepared = await prepareImage(bytes, format, several);
        return Comlink.transfer(prepared, [prepared.pixels.buffer]);
      }),
  };
  Comlink.expose(api, endpoint);
}

/**
 * The caller's side, once the thread answers.
 * @param endpoint messages to and from `worker`
 * @throws TabTuneError "internal" when its program cannot be started; whatever `formatOf` throws there
 */
export async function startPictures<Spec>(
  worker: WorkerLike,
  endpoint: Comlink.Endpoint,
  spec: Spec,
): Promise<PictureThread> {
  const api = Comlink.wrap<ThreadApi<Spec>>(endpoint);
  try {
    // Comlink's types leave out plain data of a type that is not known here.
    const start = api.start as (spec: Spec) => Promise<void>;
    await withWatchdog(worker, () => start(spec), { silenceMs: START_MS, task: "its start" });
  } catch (cause) {
    worker.terminate();
    const { code, message, remedy, safe } = reportOf(cause);
    if (code !== "worker-died") throw new TabTuneError(code, message, remedy, safe, { cause });
    throw new TabTuneError(
      "internal",
      `The program that decodes pictures could not be started. ${message}`,
      "Start TabTune again (reload the page): there is probably a newer version.",
      "Saved runs are untouched.",
      { cause },
    );
  }
  return {
    worker,
    prepare: (bytes, several) => {
      // A copy of the encoded picture: it may be a piece of an archive, which would go along as a whole.
      const own = bytes.slice();
      return api.prepare(Comlink.transfer(own, [own.buffer]), several);
    },
  };
}
