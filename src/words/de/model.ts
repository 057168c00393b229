/** Der Ort Modell: wählen, laden, Selbsttest, Einstellungen des Ladens. */
import type { Words } from "../en/index.ts";

export const model: Words["model"] = {};
