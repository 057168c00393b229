/** The engine worker: owns the GPU, the model, the run and its lock. Everything lives in engine/; this is the page's side of it. */
import * as Comlink from "comlink";
import { engineInParts } from "./engine/first-part.ts";
import { newEngineState } from "./engine/state.ts";

const state = newEngineState();
Comlink.expose(engineInParts(state, async () => (await import("./engine/engine.ts")).createEngine(state)));
