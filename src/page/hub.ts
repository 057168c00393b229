/**
 * The page's way to a hub. Its content policy lets the page itself reach no machine but its own, so that a script which got into it could send
 * nothing away by a request; what is to be said in somebody's name goes over a worker, which is opened for the first of it.
 */
import * as Comlink from "comlink";
import { TabTuneError } from "../../workers/errors.ts";
import type { HubApi, HubRequest } from "../../workers/hub/account.ts";
import { mortal } from "../../workers/watchdog.ts";
import { words } from "../words/index.ts";

function open() {
  const worker = new Worker(new URL("../../workers/hub.worker.ts", import.meta.url), { type: "module" });
  const { died } = mortal(worker, (message) => {
    const say = words().workers;
    if (message) return new TabTuneError("worker-died", say.stopped("hub", message), say.again, say.untouched);
    return new TabTuneError("network", say.missing("hub"), say.reload, say.untouched);
  });
  return { api: Comlink.wrap<HubApi>(worker), died };
}

let handle: ReturnType<typeof open> | undefined;

/** Calls the worker; rejects when it dies. The next call starts a new one. */
async function hub<R>(call: (api: Comlink.Remote<HubApi>) => Promise<R>): Promise<R> {
  handle ??= open();
  const mine = handle;
  mine.died.catch(() => {
    if (handle === mine) handle = undefined;
  });
  return Promise.race([call(mine.api), mine.died]);
}

export const signInAddress: HubApi["signInAddress"] = (options) => hub((api) => api.signInAddress(options));
export const signedIn: HubApi["signedIn"] = (options) => hub((api) => api.signedIn(options));

let asked = 0;

/** As `fetch`, of an answer that is read whole. Its failures are Errors by name: a "TypeError" where nobody answers. */
export const hubFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const id = ++asked;
  // A Request's own body is a stream, which not every browser can send to a worker.
  const { method, url, headers } = request;
  const message: HubRequest = {
    url,
    method,
    headers: [...headers],
    body: (init?.body ?? undefined) as HubRequest["body"],
  };
  const stop = (): void => void hub((api) => api.stop(id));
  init?.signal?.throwIfAborted();
  init?.signal?.addEventListener("abort", stop);
  try {
    const answer = await hub((api) => api.ask(id, message));
    const response = new Response(answer.body, answer);
    Object.defineProperty(response, "url", { value: answer.url });
    return response;
  } finally {
    init?.signal?.removeEventListener("abort", stop);
  }
};
