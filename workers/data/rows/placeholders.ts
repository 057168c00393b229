/**
 * The places of pictures as other models write them, in a row that was made for one of those: <|image_1|>, <image1>, [IMG] …
 * Such a place becomes our marker where the row's pictures and the places are as many; it is never left for the tokenizer in silence.
 */
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";

/** Our own sign for the place of a picture in a text. */
export const MARKER = "<image>";

/** Only ever the place of a picture. The group is its number, where it has one. */
const SURE = [
  "<\\|(?:vision_start|image_start|img_start|begin_of_image)\\|>(?:\\s*<\\|(?:image_pad|image|img|placeholder)\\|>)+\\s*<\\|(?:vision_end|image_end|img_end|end_of_image)\\|>",
  "(?:<\\|image_pad\\|>)+",
  "<\\|(?:image|img)[_-]?(\\d{1,3})?\\|>",
  "<(?:image|img|Image|Img|IMAGE|IMG)[ _-]?(\\d{1,3})>",
  "<IMAGE>",
  "<Image>",
  "<(?:image|img)[_-]?(?:placeholder|token|here|pad)>",
  "<(?:start_of_image|image_soft_token|ImageHere|im_patch|im_start_im_end)>",
  "\\[(?:IMG|IMAGE)[ _-]?(\\d{1,3})\\]",
];
/** May as well be part of a text about HTML, Markdown or forms. */
const UNSURE = [
  "<[Ii]mg>[^<>\\n]{0,500}</[Ii]mg>",
  "<img>",
  "<IMG>",
  "\\[(?:IMG|IMAGE|img|image|Image)\\]",
  "!\\[[^\\]\\n]{0,200}\\]\\([^)\\n]{1,500}\\)",
  "\\{(?:image|IMAGE)\\}",
];
/** What some models write around the place itself. */
const AROUND = [
  ["<im_start>", "<im_end>"],
  ["<img>", "</img>"],
  ["<Img>", "</Img>"],
  ["<image_start>", "<image_end>"],
  ["<|vision_start|>", "<|vision_end|>"],
  ["<|image_start|>", "<|image_end|>"],
] as const;

const sure = new RegExp(SURE.join("|"), "g");
const unsure = new RegExp(UNSURE.join("|"), "g");
const escaped = (text: string) => text.replace(/[|\\/]/g, "\\$&");
const around = new RegExp(
  AROUND.map(([open, close]) => `${escaped(open)}\\s*${MARKER}\\s*${escaped(close)}`).join("|"),
  "g",
);

/** Each of them begins with or behind one of these. */
const OPENING = /[<[{]/;

/** The first sure placeholder in a text that shows no pictures; it stays text. */
export const placeholderIn = (text: string): string | undefined =>
  OPENING.test(text) ? text.match(sure)?.[0].slice(0, 60) : undefined;

interface Found {
  written: string;
  /** The picture's number as it is written. */
  number?: number;
}

const findAll = (pattern: RegExp, texts: readonly string[]): Found[] =>
  texts.flatMap((text) =>
    [...text.matchAll(pattern)].map((match) => {
      const number = match.slice(1).find((group) => group !== undefined);
      return { written: match[0].slice(0, 60), ...(number === undefined ? {} : { number: Number(number) }) };
    }),
  );

/** Texts of the user with our marker in the places of the pictures, and which picture each place shows, where they are numbered otherwise than in turn. */
export interface Placed {
  texts: string[];
  order?: number[];
}

/**
 * `texts` are those of the user's turns, `places` the places that are marked in our way, in or beside them. Throws a RowProblem "picture-count" where sure
 * placeholders are not as many as the pictures.
 */
export function placePictures(
  texts: readonly string[],
  { pictures, places }: { pictures: number; places: number },
  tell: Tell,
): Placed {
  if (!texts.some((text) => OPENING.test(text))) return { texts: [...texts] };
  const bare = texts.map((text) => text.replace(around, MARKER));
  if (bare.some((text, i) => text !== texts[i])) tell(`tags of another model around ${MARKER} are taken away`);
  const certain = findAll(sure, bare);
  const doubtful = findAll(unsure, bare);
  if (certain.length + doubtful.length === 0) return { texts: bare };
  const kinds = [...new Set(certain.map(({ written }) => written))].slice(0, 3).join(" and ");
  if (places === 0 && pictures > 0) {
    for (const [pattern, found] of [
      [sure, certain],
      [unsure, doubtful],
    ] as const) {
      if (found.length !== pictures) continue;
      const order = orderOf(found);
      if (order === undefined) break;
      const other = pattern === sure ? doubtful : certain;
      if (other.length > 0 && pattern === unsure) break;
      tell(`the placeholder ${found[0]!.written} is the place of a picture and is read as ${MARKER}`);
      const placed = bare.map((text) => text.replace(pattern, MARKER));
      return order.every((at, i) => at === i) ? { texts: placed } : { texts: placed, order };
    }
  }
  if (certain.length > 0) {
    const are = `${certain.length} placeholder${certain.length === 1 ? "" : "s"} of another model (${kinds})`;
    throw new RowProblem(
      "picture-count",
      `The texts have ${are} and the row names ${pictures} picture${pictures === 1 ? "" : "s"}; write ${MARKER} once for each picture, in its place.`,
    );
  }
  if (pictures > 0) tell(`${doubtful[0]!.written} in a text is left as text; write ${MARKER} where a picture belongs`);
  return { texts: bare };
}

/** Which picture each place shows: in turn, or by numbers from 0 or 1 that name each picture once. Undefined where numbers do neither. */
function orderOf(found: readonly Found[]): number[] | undefined {
  if (found.every(({ number }) => number === undefined)) return found.map((_, i) => i);
  const numbers = found.map(({ number }) => number ?? -1);
  const first = Math.min(...numbers);
  if (found.length === 1) return [0];
  if (first !== 0 && first !== 1) return undefined;
  const order = numbers.map((number) => number - first);
  const complete = new Set(order).size === order.length && Math.max(...order) === order.length - 1;
  return complete ? order : undefined;
}
