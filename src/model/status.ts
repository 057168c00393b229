/** What the Model panel says, in words. */

import type { Capability } from "../../workers/protocol/engine.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import { parseRecipe } from "../../workers/recipe.ts";
import { bytes, count } from "../parts/format.ts";

const READYING = " Its kernels are being tried and compiled here, so that a run can start at once; go on meanwhile.";

type Loaded = Pick<ModelInfo, "label" | "parameters" | "gpuBytes" | "from">;

interface Status {
  info: Loaded | undefined;
  /** A model is being loaded, which the bar beside it says. */
  busy: boolean;
  /** What a first step would wait for is done ahead. */
  readying: boolean;
}

export function statusOf({ info, busy, readying }: Status): string {
  if (info) {
    const from = info.from === "cache" ? ", from this browser's cache" : "";
    return `${info.label} is ready: ${count(info.parameters)} parameters, ${bytes(info.gpuBytes)} on the GPU${from}.${readying ? READYING : ""}`;
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

/** Where a large picture makes rows longer than the recipe's default lets them be; "" where none does. */
export function rowWords({ mostPictureTokens, maxLength }: Pick<ModelInfo, "mostPictureTokens" | "maxLength">): string {
  if (maxLength <= parseRecipe({}).maxLength) return "";
  const [picture, row] = [mostPictureTokens, maxLength].map((n) => n.toLocaleString("en-US"));
  return `Its largest pictures take ${picture} tokens: the preset Practical lets a row have ${row}. `;
}
