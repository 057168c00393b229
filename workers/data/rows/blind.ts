/**
 * Rows that would be trained without a picture they are about. A question and its answer are a whole conversation also without one,
 * so nothing else fails where a picture stands under a name that nobody knows: it has to be looked for.
 */

import { quoted, quotedList, SHOWN_PICTURES } from "./column-words.ts";
import { type ColumnMapping, isColumnOf } from "./columns.ts";
import type { Conversation } from "./conversation.ts";
import { baseName } from "./entry.ts";
import { isEmbedded, type PictureSource } from "./picture-source.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import { PICTURE_EXTENSIONS } from "./sidecar.ts";
import { keyText, own } from "./values.ts";

const PICTURE = PICTURE_EXTENSIONS.join("|");
const PICTURE_NAME = new RegExp(`^[^\\n<>"]{1,1000}\\.(${PICTURE})$`, "i");
const VIDEO_NAME = /^[^\n<>"]{1,1000}\.(mp4|mov|avi|mkv|webm|m4v|mpe?g)$/i;
const SOUND_NAME = /^[^\n<>"]{1,1000}\.(wav|mp3|flac|ogg|opus|m4a|aac)$/i;
/** Columns of texts: a name of a file in them is what somebody wrote. */
const TEXTS = ["question", "answer", "caption", "label", "choices", "system"] as const;
/** An address of the web may be anything about a row (its author's portrait, its page), but not in a column of such a name. */
const ABOUT_FILES = /im(age|g)|pic|photo|file|path|video/i;
/** Qwen-VL writes a picture's path between these tags, inside the text. */
const TAGGED = new RegExp(`<img>\\s*([^<>\\n]{1,500}\\.(?:${PICTURE}))\\s*</img>`, "i");

/**
 * Throws a RowProblem "missing-picture" where a record without a picture under a known name has one, or a video, elsewhere. Where
 * the user said which column holds the pictures, an empty one means that there is none.
 */
export function refuseBlind(
  record: Record<string, unknown>,
  mapping: ColumnMapping,
  { messages }: Pick<Conversation, "messages">,
): void {
  if (mapping.images !== undefined) return;
  const picked = new Set<string>(Object.values(mapping));
  for (const name of Object.keys(record)) {
    const isText = isColumnOf(name, ...TEXTS);
    // An input may be a text or a picture; a text has words.
    const isInput = /^input$/i.test(name) && !/\s/.test(keyText(own(record, name)) ?? "");
    if (picked.has(name) || (isText && !isInput)) continue;
    const column = quoted(name);
    const cell = own(record, name);
    for (const value of Array.isArray(cell) ? cell : [cell]) {
      if (isEmbedded(value) || looksLike(PICTURE_NAME, value, name)) {
        refuse(
          `The row has no picture under a known name, but its column ${column} looks like one; call that column image, or leave it out to train on text alone.`,
        );
      }
      if (looksLike(SOUND_NAME, value, name)) {
        refuse(
          `The row's column ${column} names a sound file, and only pictures are read; leave it out to train on text alone.`,
        );
      }
      if (looksLike(VIDEO_NAME, value, name)) {
        refuse(
          `The row's column ${column} names a video, and only pictures are read; save frames of it as JPEG and name them in a column images.`,
        );
      }
    }
  }
  const parts = messages.flatMap(({ content }) => content);
  const tagged = parts.map((part) => (part.type === "text" ? TAGGED.exec(part.text)?.[1] : undefined)).find(Boolean);
  if (tagged) {
    refuse(
      `The row writes its picture as <img>${tagged.slice(0, 100)}</img>, which is not read; name it in a column image and write <image> in its place.`,
    );
  }
}

/** Tells which columns hold a picture besides those that the row shows. The name of a picture inside of the record says nothing new. */
export function tellOthers(
  record: Record<string, unknown>,
  mapping: ColumnMapping,
  shown: readonly PictureSource[],
  tell: Tell,
): void {
  const names = new Set(shown.map(nameOf));
  const others = Object.keys(record).filter((name) => {
    if (Object.values(mapping).includes(name)) return false;
    if (isColumnOf(name, ...TEXTS, "messages")) return false;
    const cell = own(record, name);
    return (Array.isArray(cell) ? cell : [cell]).some((value) => {
      if (isEmbedded(value)) return !shown.includes(value);
      return !names.has(undefined) && looksLike(PICTURE_NAME, value, name) && !names.has(nameOf(value));
    });
  });
  if (others.length === 0) return;
  const are = others.length === 1 ? "looks like a picture and is" : "look like pictures and are";
  tell(`${quotedList(others)} ${are} not used; ${SHOWN_PICTURES}`);
}

/** The bare name of a file that is named; undefined for a picture that lies in the record. */
const nameOf = (picture: unknown): string | undefined =>
  typeof picture === "string" && !/^data:/i.test(picture) ? baseName(picture.trim().replaceAll("\\", "/")) : undefined;

function refuse(message: string): never {
  throw new RowProblem("missing-picture", message);
}

function looksLike(pattern: RegExp, value: unknown, column: string): boolean {
  if (typeof value !== "string") return false;
  const name = value.trim();
  if (!/^https?:/i.test(name)) return pattern.test(name);
  return ABOUT_FILES.test(column) && pattern.test(name.replace(/[?#].*$/, ""));
}
