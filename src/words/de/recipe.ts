/** Das Rezept: Fragen, Felder, Plan, Vorgaben, Dateien. */
import type { Words } from "../en/index.ts";

export const recipe: Words["recipe"] = {};
