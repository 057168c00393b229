/** Anwenden: viele Bilder beantwortet. */
import type { Words } from "../en/index.ts";

export const apply: Words["apply"] = {};
