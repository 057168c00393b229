/** Ein Lauf, während er läuft: Stand, Knöpfe, Kurve, Zahlen. */
import type { Words } from "../en/index.ts";

export const run: Words["run"] = {};
