/** Gespeicherte Läufe: Urteil, Liste, Vergleich, Wege hinaus. */
import type { Words } from "../en/index.ts";

export const runs: Words["runs"] = {};
