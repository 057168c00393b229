/** The page's side of `loadVlm`: a worker of its own, answers as async iterators, and an end. */
import * as Comlink from "comlink";
import { fromReport, reportOf, TabTuneError } from "../errors.ts";
import { mortal } from "../watchdog.ts";
import type { Answer, AnswerOptions, VlmDoors } from "./protocol.ts";
import type { VlmApi } from "./worker-api.ts";

interface Handle {
  api: Comlink.Remote<VlmApi>;
  /** A call, or the worker's death before its end: Comlink never settles a call into a worker that is gone. */
  call<R>(work: (api: Comlink.Remote<VlmApi>) => Promise<R>): Promise<R>;
  close(): void;
}

function open(worker: Worker): Handle {
  const { died, end } = mortal(worker, (message) => gone(message ? `: ${message}` : ""));
  const api = Comlink.wrap<VlmApi>(worker);
  return {
    api,
    async call(work) {
      try {
        return await Promise.race([work(api), died]);
      } catch (error) {
        throw error instanceof TabTuneError ? error : fromReport(reportOf(error));
      }
    },
    close: () => end(new TabTuneError("cancelled", "The model was disposed of.", "Load it again.")),
  };
}

const gone = (why: string): TabTuneError =>
  new TabTuneError(
    "worker-died",
    `The engine stopped${why}.`,
    "Reload the page; if it happens again, close other programs that use the GPU.",
  );

/** @param start a new worker that answers as `createVlm` */
export function vlmDoors(start: () => Worker): VlmDoors {
  return {
    async vlmCost(given) {
      const handle = open(start());
      try {
        return await handle.call((api) => api.cost(given));
      } finally {
        handle.close();
      }
    },
    async loadVlm({ onProgress = () => {}, signal, ...given }) {
      const handle = open(start());
      const stop = (): void => void handle.api.stop();
      signal?.addEventListener("abort", stop);
      try {
        const info = await handle.call((api) => api.load(given, Comlink.proxy(onProgress)));
        if (signal?.aborted) throw new TabTuneError("cancelled", "The load was stopped.", "Load the model again.");
        return { info, answer: (options) => answer(handle, options), dispose: handle.close };
      } catch (error) {
        handle.close();
        throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    },
  };
}

async function* answer(handle: Handle, { signal, ...question }: AnswerOptions): AsyncGenerator<string, Answer, void> {
  /** All that is written so far, and what of it was given out. */
  let written = "";
  let given = "";
  // Bytes that are no whole character may become another one with those behind them: then nothing is given out until the end.
  const after = (text: string): string => (text.startsWith(given) ? text.slice(given.length) : "");
  let ended = false;
  let wake: () => void = () => {};
  const hear = (text: string): void => {
    written = text;
    wake();
  };
  const stop = (): void => void handle.api.stop();
  const whole = handle.call((api) => api.answer(question, Comlink.proxy(hear)));
  const end = (): void => {
    ended = true;
    wake();
  };
  whole.then(end, end);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    while (!ended) {
      const piece = after(written);
      if (piece === "") {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      given += piece;
      yield piece;
    }
    const answer = await whole;
    const rest = after(answer.text);
    if (rest !== "") yield rest;
    return answer;
  } finally {
    signal?.removeEventListener("abort", stop);
    // Whoever leaves early wants no more of it.
    if (!ended) stop();
  }
}
