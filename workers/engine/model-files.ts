/** A model's files from where the page or a program names them, and how their coming is told. Knows nothing of training. */
import { embeddedFiles } from "../data/embedded.ts";
import { hubAddress } from "../hub/address.ts";
import type { HttpOptions } from "../hub/http.ts";
import { parseRepo } from "../hub/repo-name.ts";
import type { LoadProgress, ModelSource } from "../protocol/model.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { type HubFiles, openHub } from "../weights/hub/hub.ts";
import { filesFromBlobs, type ModelFiles } from "../weights/hub/source.ts";
import { loadStopped } from "./turns.ts";

export type HubSource = Extract<ModelSource, { kind: "hub" }>;

/** Speed is reported over this long. */
const SPEED_MS = 5000;

/** `onBytes` hears of every piece that arrives from the network. */
export async function filesOf(
  source: ModelSource,
  cache: FileCache,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<ModelFiles> {
  if (source.kind === "folder") return filesFromBlobs(source.files);
  if (source.kind === "hub") return hubFiles(source, cache, { signal, onBytes });
  const files = filesFromBlobs(await embeddedFiles("model"));
  files.label = "The demo model";
  return files;
}

export function hubFiles(
  source: HubSource,
  cache: FileCache,
  http: Pick<HttpOptions, "signal" | "onBytes" | "retryDelaysMs">,
): Promise<HubFiles> {
  // The global fetch must be called as a function of the global object.
  const fetchFile: typeof fetch = (...request) => fetch(...request);
  const endpoint = hubAddress(source.endpoint);
  const place = { ...parseRepo(source.name, endpoint), endpoint };
  return openHub(place, cache, { fetchFile, token: source.token.trim(), ...http });
}

/** A progress callback at which a load ends once it was stopped: a folder's reads know nothing of `signal`. */
export function stoppable<P>(signal: AbortSignal, onProgress: (progress: P) => void): (progress: P) => void {
  return (progress) => {
    if (signal.aborted) throw loadStopped();
    onProgress(progress);
  };
}

const REPORT_MS = 200;

type Reported = Omit<LoadProgress, "fetched"> & { toRead: number };

/**
 * Adds the network's bar to a load's progress: bytes, speed over the last seconds, time left. Tensors and pieces are reported five times
 * a second: a cache gives a hundred tensors a second, and drawing each of them cost an eighth of the load.
 */
export function withTransfer(
  onProgress: (progress: LoadProgress) => void,
  network: boolean,
  now: () => number = () => performance.now(),
): { arrived(bytes: number): void; report(progress: Reported): void } {
  let last: Reported | undefined;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let bytes = 0;
  const recent: { at: number; bytes: number }[] = [];
  const fetched = (total: number): LoadProgress["fetched"] => {
    const time = now();
    while (recent.length > 0 && recent[0]!.at < time - SPEED_MS) recent.shift();
    const sum = recent.reduce((all, piece) => all + piece.bytes, 0);
    const bytesPerSecond = (1000 * sum) / Math.max(500, time - (recent[0]?.at ?? time));
    const done = Math.min(bytes, total);
    return { bytes: done, total, bytesPerSecond, secondsLeft: sum > 0 ? (total - done) / bytesPerSecond : null };
  };
  const report = (progress: Reported): void => {
    last = progress;
    const ofTensor = progress.phase === "reading" || progress.phase === "quantising";
    if (ofTensor && now() - reportedAt < REPORT_MS) return;
    reportedAt = now();
    const { toRead, ...rest } = progress;
    onProgress(network && toRead > 0 ? { ...rest, fetched: fetched(toRead) } : rest);
  };
  return {
    report,
    arrived(count) {
      bytes += count;
      recent.push({ at: now(), bytes: count });
      if (last && now() - reportedAt > REPORT_MS) report(last);
    },
  };
}
