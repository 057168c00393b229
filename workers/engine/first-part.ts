/**
 * The engine in two parts. The page asks first whether this browser and GPU can do it, which takes little code; the rest of the engine is
 * large, and is fetched behind it: nobody waits for it before a model is loaded.
 */
import { reporting, TabTuneError, toReport } from "../errors.ts";
import type { EngineApi, FirstApi } from "../protocol/engine.ts";
import { type EngineState, openedGpu } from "./state.ts";

export const firstApi = (s: EngineState): FirstApi => ({
  async probe() {
    try {
      const gpu = await openedGpu(s);
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      const { vendor, architecture, description, software, maxBufferSize } = gpu.facts;
      return {
        usable: true,
        adapter: { vendor, architecture, description, software, maxBufferSize },
        storage: { usage, quota, persisted: await navigator.storage.persisted() },
      };
    } catch (error) {
      return { usable: false, problem: toReport(error) };
    }
  },
  async ping() {
    return performance.now();
  },
});

/** Every call rejects with a plain ErrorReport: Comlink does not carry an error class's own fields. */
export function reportingAll<T extends object>(api: T): T {
  const wrapped: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(api)) {
    wrapped[name] = (...args: unknown[]) =>
      reporting(async () => (call as (...a: unknown[]) => Promise<unknown>)(...args));
  }
  return wrapped as T;
}

/**
 * An engine whose other calls wait for `fetchRest`, which is called with the first of them, and again after a failure. Such a call then
 * rejects with "network".
 */
export function engineInParts(s: EngineState, fetchRest: () => Promise<EngineApi>): EngineApi {
  const first: Record<string, unknown> = { ...reportingAll(firstApi(s)) };
  let rest: Promise<Record<string, unknown>> | undefined;
  const whole = (): Promise<Record<string, unknown>> => {
    rest ??= fetchRest().then(
      (api) => api as unknown as Record<string, unknown>,
      (cause) => {
        rest = undefined;
        throw notThere(cause);
      },
    );
    return rest;
  };
  const later =
    (name: string) =>
    async (...args: unknown[]): Promise<unknown> => {
      // What goes wrong in the call itself is a report already.
      const call = (await reporting(whole))[name] as (...a: unknown[]) => Promise<unknown>;
      return call(...args);
    };
  return new Proxy(first, {
    get: (target, name) => (typeof name === "symbol" ? undefined : (target[name] ?? later(name))),
  }) as unknown as EngineApi;
}

const notThere = (cause: unknown): TabTuneError =>
  new TabTuneError(
    "network",
    "The training engine could not be fetched: its program is not where this page looks for it, or there is no network.",
    "Reload the page: there is probably a newer version.",
    "Saved runs are untouched.",
    { cause },
  );
