/**
 * The package: a vision-language model with a PEFT adapter in a page of one's own. One module is both sides: started as a worker under this
 * name, it is the engine; imported, it is `loadVlm`. So it has to stay a file of its own, whatever bundles the page around it.
 */
import * as Comlink from "comlink";
import { reportingAll } from "../engine/first-part.ts";
import { vlmDoors } from "./client.ts";
import { createVlm } from "./vlm.ts";

export { TabTuneError } from "../errors.ts";
export type * from "./protocol.ts";

const NAME = "tabtune-vlm";

const isEngine = typeof window === "undefined" && (globalThis as { name?: unknown }).name === NAME;
if (isEngine) Comlink.expose(reportingAll(createVlm()));

/** A worker of this very module. One of another site cannot be started: a script of this page's then imports it. */
function start(): Worker {
  const here = import.meta.url;
  if (new URL(here).origin === location.origin) return new Worker(here, { type: "module", name: NAME });
  const url = URL.createObjectURL(new Blob([`import ${JSON.stringify(here)};`], { type: "text/javascript" }));
  return new Worker(url, { type: "module", name: NAME });
}

export const { loadVlm, vlmCost } = vlmDoors(start);
