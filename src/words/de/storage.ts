/** Was dieser Browser aufbewahrt. */
import type { Words } from "../en/index.ts";

export const storage: Words["storage"] = {};
