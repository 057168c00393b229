/** The engine worker: owns the GPU, the model, the run and its lock. Everything heavy lives in engine/; this is the page's side of it. */
import * as Comlink from "comlink";
import { createEngine } from "./engine/engine.ts";

Comlink.expose(createEngine());
