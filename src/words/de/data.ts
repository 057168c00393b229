/** Der Ort Daten: ablegen, Spalten, Zeilen, der Hub. */
import type { Words } from "../en/index.ts";

export const data: Words["data"] = {};
