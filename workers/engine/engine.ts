/** `EngineApi` over one GPU, one model and at most one run: what the page can ask for. */
import type { EngineApi } from "../protocol/engine.ts";
import { applyApi } from "./apply-api.ts";
import { chatApi } from "./chat-api.ts";
import { firstApi, reportingAll } from "./first-part.ts";
import { modelApi } from "./model-api.ts";
import { runsApi } from "./runs-api.ts";
import { type EngineState, newEngineState } from "./state.ts";
import { storageApi, sweep } from "./storage-api.ts";

export function createEngine(s: EngineState = newEngineState()): EngineApi {
  // A failure comes again when storage is listed, and is reported there.
  sweep(s).catch(() => undefined);
  return reportingAll({
    ...firstApi(s),
    ...modelApi(s),
    ...runsApi(s),
    ...chatApi(s),
    ...applyApi(s),
    ...storageApi(s),
  });
}
