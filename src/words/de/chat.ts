/** Das Gespräch: in einer Spalte oder zweien. */
import type { Words } from "../en/index.ts";

export const chat: Words["chat"] = {};
