/**
 * A model served by our own origin, such as the embedded demo model: small files whole, with progress; large ones by HTTP range,
 * so that they never lie in memory as a whole. Sizes are known beforehand, which catches error pages served as files.
 */
import { TabTuneError } from "../errors.ts";
import { checkRange, type RangeReader, readerOfBytes } from "../storage/range-reader.ts";
import { type ModelFiles, modelFiles } from "./source.ts";

/** Below this a file is fetched whole. */
const wholeFileBytes = 64e6;
const retryDelaysMs = [300, 1500];

/** `bytes` of `total` of one file have arrived. */
export type DownloadProgress = (name: string, bytes: number, total: number) => void;

/** The files `listed` under the address `base` (which ends in "/"). */
export function filesFromUrls(
  base: string,
  listed: { name: string; bytes: number }[],
  fetchFile: typeof fetch = fetch,
  onProgress: DownloadProgress = () => undefined,
): ModelFiles {
  const sizes = new Map(listed.map(({ name, bytes }) => [name, bytes]));
  return modelFiles(base, [...sizes.keys()], async (name) => {
    const url = base + name.split("/").map(encodeURIComponent).join("/");
    const size = sizes.get(name)!;
    if (size >= wholeFileBytes) return rangedReader(url, name, size, fetchFile, onProgress);
    return readerOfBytes(
      await retrying(name, async () => {
        const response = await fetchFile(url);
        if (!response.ok) throw new HttpFailure(response.status);
        return readBody(response, name, size, (bytes) => onProgress(name, bytes, size));
      }),
    );
  });
}

function rangedReader(
  url: string,
  name: string,
  size: number,
  fetchFile: typeof fetch,
  onProgress: DownloadProgress,
): RangeReader {
  let version: string | undefined;
  let read = 0;
  return {
    size,
    read: (start, end) => {
      checkRange(start, end, size);
      if (start === end) return Promise.resolve(new Uint8Array());
      return retrying(name, async () => {
        const response = await fetchFile(url, { headers: { Range: `bytes=${start}-${end - 1}` } });
        if (!response.ok) throw new HttpFailure(response.status);
        if (response.status !== 206 || response.headers.get("Content-Range") !== `bytes ${start}-${end - 1}/${size}`) {
          await response.body?.cancel();
          throw badDownload(name, `the server did not send bytes ${start} to ${end} of ${size}`);
        }
        const tag = response.headers.get("ETag") ?? response.headers.get("Last-Modified") ?? "";
        version ??= tag;
        if (tag !== version) throw badDownload(name, "it changed on the server while it was read");
        const bytes = await readBody(response, name, end - start);
        read += bytes.byteLength;
        onProgress(name, Math.min(read, size), size);
        return bytes;
      });
    },
  };
}

/** The body, which must have `size` bytes; no more memory than that is ever taken. */
async function readBody(
  response: Response,
  name: string,
  size: number,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.byteLength > size) {
      await reader.cancel();
      throw badDownload(name, `it has more than the expected ${size} bytes`);
    }
    bytes.set(value, at);
    at += value.byteLength;
    onBytes(at);
  }
  if (at !== size) throw badDownload(name, `it has ${at} instead of ${size} bytes`);
  return bytes;
}

/** An answer with an error status; those of the server's own (5xx) are worth another try. */
class HttpFailure extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server answered with status ${status}`);
    this.status = status;
  }
}

/** Runs `attempt`, again after a pause when the network or the server failed; a wrong answer is final. */
async function retrying<T>(name: string, attempt: () => Promise<T>): Promise<T> {
  for (const delay of retryDelaysMs) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof TabTuneError || (error instanceof HttpFailure && error.status < 500)) {
        throw asDownloadError(name, error);
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  try {
    return await attempt();
  } catch (error) {
    throw asDownloadError(name, error);
  }
}

function asDownloadError(name: string, error: unknown): TabTuneError {
  if (error instanceof TabTuneError) return error;
  return badDownload(name, error instanceof Error ? error.message : String(error), error);
}

function badDownload(name: string, why: string, cause?: unknown): TabTuneError {
  return new TabTuneError(
    "missing-file",
    `${name} could not be downloaded: ${why}.`,
    "Check the connection, then load the model again.",
    "",
    { cause },
  );
}
