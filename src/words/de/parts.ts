/** Teile, die mehrere Orte haben: Fehler, Fortschritt, Galerien. */
import type { Words } from "../en/index.ts";

export const parts: Words["parts"] = {};
