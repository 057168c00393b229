/** What the Model panel says, in words. */

import type { Capability } from "../../workers/protocol/engine.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import { bytes, count } from "../parts/format.ts";

type Loaded = Pick<ModelInfo, "label" | "parameters" | "gpuBytes" | "from">;

/** `busy`: a model is being loaded, which the bar beside it says. */
export function statusOf({ info, busy }: { info: Loaded | undefined; busy: boolean }): string {
  if (info) {
    const from = info.from === "cache" ? ", from this browser's cache" : "";
    return `${info.label} is ready: ${count(info.parameters)} parameters, ${bytes(info.gpuBytes)} on the GPU${from}.`;
  }
  return busy ? "" : "No model is loaded.";
}

interface Load {
  busy: boolean;
  /** A run goes on. */
  running: boolean;
  capability: Capability | undefined;
}

/** Why no model can be loaded now; "" when one can. */
export function loadObstacle({ busy, running, capability }: Load): string {
  if (busy) return "A model is being loaded.";
  if (running) return "A run is going on with this model: stop and save it first.";
  if (!capability) return "Looking for a GPU.";
  return capability.usable ? "" : (capability.problem?.message ?? "This browser cannot train.");
}
