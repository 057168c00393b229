/** Names of files that go into a folder or a zip which somebody opens elsewhere. Some come from strangers: a listing, an index, a drop. */
import { TabTuneError } from "../errors.ts";

/** What Windows takes for a device, with any ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for; others mean something on Windows
const FORBIDDEN = /[\u0000-\u001f\u007f\\:*?"<>|]/;
const MOST_CHARACTERS = 1024;

/** Whether every system takes this relative path, with "/" between, for a place inside of the folder that it is put into. */
export const isInside = (path: string): boolean =>
  path.length <= MOST_CHARACTERS &&
  !FORBIDDEN.test(path) &&
  path.split("/").every((part) => part !== "" && !/[. ]$/.test(part) && !DEVICE.test(part));

/** The path itself. Throws TabTuneError "bad-argument" for one that could lead out of its folder, or to something that is no file. */
export function insidePath(path: string): string {
  if (isInside(path)) return path;
  throw new TabTuneError(
    "bad-argument",
    `A file called ${JSON.stringify(path.slice(0, 200))} is not written: its name could lead out of the folder that it belongs to.`,
    "Rename it where it comes from, or leave it out.",
    "Nothing was written for it.",
  );
}
