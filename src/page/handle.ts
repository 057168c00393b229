/** A worker of the page, and how it is known that it is gone. */
import * as Comlink from "comlink";
import { TabTuneError } from "../../workers/errors.ts";
import { mortal } from "../../workers/watchdog.ts";
import { words } from "../words/index.ts";

export interface Handle<T> {
  worker: Worker;
  api: Comlink.Remote<T>;
  /** Rejects when the worker is gone. */
  died: Promise<never>;
  stop(reason: TabTuneError): void;
}

/** `diedOf` makes the error of one that stopped, of a sentence that says so. */
export function handleOf<T>(
  worker: Worker,
  what: "engine" | "reader" | "hub",
  diedOf: (message: string) => TabTuneError,
): Handle<T> {
  const { died, end } = mortal(worker, (message) => {
    const say = words().workers;
    if (message === undefined) return diedOf(say.unread(what));
    if (message) return diedOf(say.stopped(what, message));
    return new TabTuneError("network", say.missing(what), say.reload, say.untouched);
  });
  return { worker, api: Comlink.wrap<T>(worker), died, stop: end };
}
