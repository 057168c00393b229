/** Einheiten, die keine Buchstaben des SI sind. */
import type { Words } from "../en/index.ts";

export const units: Words["units"] = { thousand: "Tsd.", million: "Mio.", billion: "Mrd." };
