/**
 * A text file that is a table of captions: a picture's name and its caption on each line, as the Flickr8k sets have it
 * (`name.jpg,caption` with a heading, or `name.jpg#0<tab>caption`). A picture may come several times: a row each.
 */
import { chunksOf, decodeLoosely } from "./bytes.ts";
import { type Entry, extensionOf } from "./entry.ts";
import { RowProblem } from "./problem.ts";
import { sampleKeys } from "./sample-keys.ts";
import { isPicture, PICTURE_EXTENSIONS } from "./sidecar.ts";

/** Name, a number of the caption, a delimiter, again a number, the caption. */
const LINE = new RegExp(
  `^([^\\t|"]{0,500}?\\.(?:${PICTURE_EXTENSIONS.join("|")}))(?:#\\d+)?\\s*([\\t,;|])\\s*(?:\\d+\\s*\\2\\s*)?(\\S.*)$`,
  "i",
);
const HEADING = /^\W*(image|img|file|filename|name|picture|photo|caption)/i;
/** Numbers of a class, boxes, other pictures: no captions. */
const NO_CAPTION = new RegExp(`^[\\d\\s.,;|-]*$|\\.(${PICTURE_EXTENSIONS.join("|")})\\s*$`, "i");
/** Files that are looked into, and how far. */
const MOST = 50;
const HEAD = 8192;

/** Name and caption of a line; undefined for another line. */
function partsOf(line: string): { image: string; text: string } | undefined {
  const [, image, , rest = ""] = LINE.exec(line.trim()) ?? [];
  if (image === undefined || NO_CAPTION.test(rest)) return undefined;
  const quoted = /^"(.*)"$/.exec(rest)?.[1];
  return { image, text: quoted === undefined ? rest : quoted.replaceAll('""', '"') };
}

/** Whether a first line names the columns. */
export const isHeading = (line: string): boolean => partsOf(line) === undefined && HEADING.test(line);

/** The record of a line; throws a RowProblem "bad-row". */
export function captionOf(line: string): { image: string; text: string } {
  const parts = partsOf(line);
  if (parts) return parts;
  throw new RowProblem("bad-row", "The line is not the name of a picture and its caption.");
}

/** Those of the text files that are such tables; a text of a picture's own name is none. */
export async function captionLists(entries: readonly Entry[]): Promise<Set<Entry>> {
  const found = new Set<Entry>();
  const texts = entries.filter((entry) => ["txt", "token"].includes(extensionOf(entry.path)));
  if (texts.length === 0 || !entries.some(isPicture)) return found;
  const { of } = sampleKeys(entries);
  const pictured = new Set(entries.filter(isPicture).map(of));
  for (const entry of texts.filter((text) => !pictured.has(of(text))).slice(0, MOST)) {
    const head = await headOf(entry);
    const lines = head.split("\n");
    if (head.length >= HEAD) lines.pop(); // cut
    const rows = lines.filter((line) => line.trim() !== "");
    if (isHeading(rows[0] ?? "")) rows.shift();
    if (rows.length > 0 && rows.every((line) => partsOf(line) !== undefined)) found.add(entry);
  }
  return found;
}

async function headOf(entry: Entry): Promise<string> {
  let text = "";
  try {
    for await (const chunk of chunksOf(entry.stream())) {
      text += decodeLoosely(chunk.subarray(0, HEAD));
      if (text.length >= HEAD) break;
    }
  } catch {
    return ""; // told where it is read
  }
  return text.replace(/^\ufeff/, "").slice(0, HEAD);
}
