/**
 * The page's way to a hub. Its content policy lets the page itself reach nothing but its own site, so that a script which got into it could
 * send nothing away by a request; what is to be said in somebody's name goes over a worker, which is started when something is.
 */
import type { Remote } from "comlink";
import { TabTuneError } from "../../workers/errors.ts";
import type { HubApi, HubRequest } from "../../workers/hub/account.ts";
import { words } from "../words/index.ts";
import { type Handle, handleOf } from "./handle.ts";

const diedOf = (message: string): TabTuneError =>
  new TabTuneError("worker-died", message, words().workers.again, words().workers.untouched);

const open = (): Handle<HubApi> =>
  handleOf(new Worker(new URL("../../workers/hub.worker.ts", import.meta.url), { type: "module" }), "hub", diedOf);

let handle: Handle<HubApi> | undefined;

/** Calls the worker; rejects when it dies. The next call starts a new one. */
async function hub<R>(call: (api: Remote<HubApi>) => Promise<R>): Promise<R> {
  if (!handle) {
    const opened = open();
    handle = opened;
    opened.died.catch(() => {
      if (handle === opened) handle = undefined;
    });
  }
  return Promise.race([call(handle.api), handle.died]);
}

export const signInAddress: HubApi["signInAddress"] = (options) => hub((api) => api.signInAddress(options));
export const signedIn: HubApi["signedIn"] = (options) => hub((api) => api.signedIn(options));

let asked = 0;

/** Statuses whose answers have no body, and whose Response must have none. */
const WITHOUT_BODY = [204, 205, 304];

/** As `fetch`, of an answer that is read whole. Its failures are Errors by name: a "TypeError" where nobody answers. */
export const hubFetch: typeof fetch = async (input, init) => {
  const { method, url, headers } = new Request(input, init);
  // The body as it was given: that of a Request is a stream, which not every browser can send to a worker.
  const body = (init?.body ?? undefined) as HubRequest["body"];
  const id = ++asked;
  // A worker that is gone is told to who waits for the answer.
  const stop = (): void => void hub((api) => api.stop(id)).catch(() => undefined);
  init?.signal?.throwIfAborted();
  init?.signal?.addEventListener("abort", stop);
  try {
    const answer = await hub((api) => api.ask(id, { url, method, headers: [...headers], body }));
    const response = new Response(WITHOUT_BODY.includes(answer.status) ? null : answer.body, answer);
    Object.defineProperty(response, "url", { value: answer.url });
    return response;
  } finally {
    init?.signal?.removeEventListener("abort", stop);
  }
};
