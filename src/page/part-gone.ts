/**
 * Parts of the page's program are fetched when they are needed. Behind a deploy, those of the version before may be gone from the site,
 * where no service worker keeps them.
 */
import { TabTuneError } from "../../workers/errors.ts";
import { words } from "../words/index.ts";

/** As Chromium, Firefox and Safari say it. */
const SAID = /dynamically imported module|Importing a module script failed/i;

/** The error as a person is to read it, where it is of such a part; else as it is. */
export function withPartGone(error: unknown): unknown {
  if (!(error instanceof TypeError && SAID.test(error.message))) return error;
  const { partGone, reload, untouched } = words().workers;
  return new TabTuneError("network", partGone, reload, untouched, { cause: error });
}
