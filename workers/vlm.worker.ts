/** The chat alone: what the demo page and the package run in a thread of their own. */
import * as Comlink from "comlink";
import { reportingAll } from "./engine/first-part.ts";
import { createVlm } from "./vlm/vlm.ts";

Comlink.expose(reportingAll(createVlm()));
