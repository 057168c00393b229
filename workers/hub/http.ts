/**
 * Bytes over HTTP that come when the network does: what has arrived is kept, and the request goes on from there after a pause. A
 * wrong answer is never used: status, range, length and version of the file are checked against what was asked.
 */
import { type ErrorCode, TabTuneError } from "../errors.ts";
import { checkRange, type RangeReader } from "../storage/range-reader.ts";

export interface HttpOptions {
  fetchFile: typeof fetch;
  /** Bearer token for this server, "" for none. */
  token: string;
  /** Ends every request; the caller gets "cancelled". */
  signal?: AbortSignal;
  /** Called with the number of bytes of each piece that arrives. */
  onBytes?: (bytes: number) => void;
  /** Pauses between attempts that brought nothing. */
  retryDelaysMs?: number[];
  /** Whether this browser has a part of what is read: then an error says that it is kept. */
  hasCached?: () => boolean;
  /** What is read, for messages; a model where nothing is said. */
  what?: "model" | "data set";
  /** Where the token and the hub's address are set, for messages: the page's settings where nothing is said. */
  settings?: { token: string; address: string };
}

const wordsFor = ({ what = "model", settings }: HttpOptions) => ({
  what,
  again: what === "model" ? "load the model again" : "read the data set again",
  token: settings?.token ?? "in the settings",
  address: settings?.address ?? "in the settings",
});
/** A sentence of these words, without its full stop. */
const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** Pauses of a question that somebody waits for: five seconds in all, where a download of hours waits longer. */
export const ASKING_DELAYS_MS = [500, 1500, 2500];

const defaultDelaysMs = [500, 2000, 5000, 10_000];
/** A connection that is silent for this long is taken for cut. */
const silenceMs = 30_000;

/** An answer with an error status. */
class HttpFailure extends Error {
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(response: Response) {
    super(`the server answered with status ${response.status}`);
    this.status = response.status;
    this.retryAfterMs = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  }

  /** The server's own trouble, or too many requests. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** Reads ranges of the file `name` of `size` bytes at `url`. No more memory than the range asked for is taken. */
export function rangedReader(url: string, name: string, size: number, options: HttpOptions): RangeReader {
  let version: string | undefined;

  /** One request for bytes [from, end), written to `into` from `at` on; returns how many came before the connection ended. */
  async function request(from: number, end: number, into: Uint8Array, at: number): Promise<number> {
    const watch = silenceWatch(options.signal);
    let got = 0;
    try {
      const headers = { ...authorization(options), Range: `bytes=${from}-${end - 1}` };
      const response = await options.fetchFile(url, { headers, signal: watch.signal });
      if (!response.ok) throw await refused(response, name, options);
      // Servers need not tell the range to a page of another origin; where they do, it must be the one asked for.
      const range = response.headers.get("Content-Range");
      const whole = from === 0 && end === size && response.status === 200;
      if (!whole && (response.status !== 206 || (range !== null && range !== `bytes ${from}-${end - 1}/${size}`))) {
        await response.body?.cancel();
        throw badDownload(
          name,
          {
            why: `the server did not send bytes ${from} to ${end} of ${size}`,
            remedy: `Try again later, or choose another hub address ${wordsFor(options).address}.`,
          },
          options,
        );
      }
      const tag = response.headers.get("ETag") ?? response.headers.get("Last-Modified") ?? "";
      version ??= tag;
      if (tag !== version) {
        await response.body?.cancel();
        throw badDownload(
          name,
          { why: "it changed on the server while it was read", remedy: `${sentence(wordsFor(options).again)}.` },
          options,
        );
      }
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (got + value.byteLength > end - from) {
          await reader.cancel();
          throw badDownload(
            name,
            {
              why: `the server sent more than the ${end - from} bytes asked for`,
              remedy: `${sentence(wordsFor(options).again)}.`,
            },
            options,
          );
        }
        into.set(value, at + got);
        got += value.byteLength;
        options.onBytes?.(value.byteLength);
        watch.heard();
      }
      return got;
    } catch (error) {
      // What came before a cut counts: the next request goes on behind it.
      if (got === 0 || error instanceof TabTuneError) throw error;
      return got;
    } finally {
      watch.stop();
    }
  }

  return {
    size,
    async read(start, end) {
      checkRange(start, end, size);
      const bytes = new Uint8Array(end - start);
      for (let done = 0; done < bytes.byteLength; ) {
        done += await retrying(name, options, async () => {
          const got = await request(start + done, end, bytes, done);
          if (got === 0) throw new Error("the connection ended before any byte came");
          return got;
        });
      }
      return bytes;
    },
  };
}

/** The JSON at `url`; `what` names it in messages. */
export async function fetchJson(url: string, what: string, options: HttpOptions): Promise<unknown> {
  return retrying(what, options, async () => {
    const watch = silenceWatch(options.signal);
    try {
      const response = await options.fetchFile(url, { headers: authorization(options), signal: watch.signal });
      if (!response.ok) throw await refused(response, what, options);
      return (await response.json()) as unknown;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw badDownload(
        what,
        {
          why: "the answer is not JSON",
          remedy: `Check the hub address ${wordsFor(options).address}.`,
          code: "network",
          cause: error,
        },
        options,
      );
    } finally {
      watch.stop();
    }
  });
}

const authorization = ({ token }: HttpOptions): Record<string, string> =>
  token === "" ? {} : { Authorization: `Bearer ${token}` };

/** Aborts after a silence, or when `outer` does. */
function silenceWatch(outer: AbortSignal | undefined): { signal: AbortSignal; heard(): void; stop(): void } {
  const controller = new AbortController();
  const cut = (): void => controller.abort(outer?.reason);
  const silence = (): void => controller.abort(new Error(`nothing came for ${silenceMs / 1000} seconds`));
  let timer = setTimeout(silence, silenceMs);
  if (outer?.aborted) cut();
  outer?.addEventListener("abort", cut);
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(silence, silenceMs);
    },
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", cut);
    },
  };
}

/** What an error status means to the user; passing ones are to be tried again. */
async function refused(response: Response, name: string, options: HttpOptions): Promise<Error> {
  await response.body?.cancel();
  const failure = new HttpFailure(response);
  if (failure.passing) return failure;
  const code = response.headers.get("X-Error-Code");
  const words = wordsFor(options);
  switch (response.status) {
    case 401:
      if (code === "GatedRepo") {
        return badDownload(
          name,
          {
            why: `the ${words.what} is gated: its authors want to know who uses it`,
            remedy: `Accept its terms on its page at the hub, then enter an access token of that account ${words.token}.`,
            code: "no-access",
          },
          options,
        );
      }
      return badDownload(
        name,
        {
          why: `the hub asks who you are: the ${words.what} is private, or does not exist`,
          remedy: `Check the name, or enter an access token of your Hugging Face account ${words.token}.`,
          code: "no-access",
        },
        options,
      );
    case 403:
      return badDownload(
        name,
        {
          why: `your account may not read this ${words.what}`,
          remedy: `Accept its licence on its page, with the account whose token is ${words.token}, then ${words.again}.`,
          code: "no-access",
        },
        options,
      );
    case 404:
      return badDownload(
        name,
        {
          why:
            code === "RevisionNotFound"
              ? `the ${words.what} has no such revision`
              : `the hub has no such ${words.what} or file`,
          remedy: "Check the name: owner/name, or owner/name@revision.",
        },
        options,
      );
    default:
      return badDownload(
        name,
        { why: failure.message, remedy: `Try again later, or choose another hub address ${words.address}.` },
        options,
      );
  }
}

/** Runs `attempt`, again after a pause when the network or the server failed; a wrong answer is final. */
async function retrying<T>(name: string, options: HttpOptions, attempt: () => Promise<T>): Promise<T> {
  const delays = options.retryDelaysMs ?? defaultDelaysMs;
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (options.signal?.aborted) {
        throw new TabTuneError(
          "cancelled",
          `The download of ${name} was stopped.`,
          `${sentence(wordsFor(options).again)} to go on.`,
        );
      }
      if (error instanceof TabTuneError) throw error;
      if (tries === delays.length) {
        const why = error instanceof Error ? error.message : String(error);
        const kept = options.hasCached?.() ?? true;
        const { again } = wordsFor(options);
        const remedy = `Check the connection, then ${again}${kept ? " to go on" : ""}.`;
        throw badDownload(name, { why, remedy, code: "network", cause: error }, options);
      }
      const asked = error instanceof HttpFailure ? error.retryAfterMs : 0;
      await pause(Math.min(60_000, Math.max(delays[tries]!, asked)), options.signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What went wrong with a download, and what to do. */
interface Failure {
  why: string;
  remedy: string;
  code?: ErrorCode;
  cause?: unknown;
}

export function badDownload(
  name: string,
  { why, remedy, code = "missing-file", cause }: Failure,
  { hasCached = () => true }: Pick<HttpOptions, "hasCached">,
): TabTuneError {
  return new TabTuneError(
    code,
    `${name} could not be downloaded: ${why}.`,
    remedy,
    hasCached() ? "What was downloaded before is kept in this browser." : "",
    { cause },
  );
}
