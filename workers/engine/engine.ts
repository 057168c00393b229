/** `EngineApi` over one GPU, one model and at most one run: what the page can ask for. */
import { reporting } from "../errors.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { applyApi } from "./apply-api.ts";
import { chatApi } from "./chat-api.ts";
import { modelApi } from "./model-api.ts";
import { runsApi } from "./runs-api.ts";
import { type EngineState, newEngineState } from "./state.ts";
import { storageApi, sweep } from "./storage-api.ts";

export function createEngine(s: EngineState = newEngineState()): EngineApi {
  // A failure comes again when storage is listed, and is reported there.
  sweep(s).catch(() => undefined);
  return reportingAll({
    ...modelApi(s),
    ...runsApi(s),
    ...chatApi(s),
    ...applyApi(s),
    ...storageApi(s),
    async ping() {
      return performance.now();
    },
  });
}

/** Every call rejects with a plain ErrorReport: Comlink does not carry an error class's own fields. */
function reportingAll(api: EngineApi): EngineApi {
  const wrapped: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(api)) {
    wrapped[name] = (...args: unknown[]) =>
      reporting(async () => (call as (...a: unknown[]) => Promise<unknown>)(...args));
  }
  return wrapped as unknown as EngineApi;
}
