/** What a turn says, as it is written in a record -> its texts and its pictures, in their order. */
import { bytesOf } from "./inline-picture.ts";
import { isEmbedded, type PictureSource } from "./picture-source.ts";
import { MARKER } from "./placeholders.ts";
import { RowProblem } from "./problem.ts";
import { unpackJson } from "./turns.ts";
import { isRecord, keyText, own, textOf } from "./values.ts";

/** An image part that may bring its own picture. */
export type Part = { type: "text"; text: string } | { type: "image"; picture?: PictureSource };

/** A picture as columns and parts hold it, undefined where there is none. Throws a RowProblem "bad-row" for other shapes. */
export function pictureOf(value: unknown): PictureSource | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value === "string" || isEmbedded(value)) return value;
  // 42 for 42.jpg; the index knows whether there is one.
  if (Number.isInteger(value) || typeof value === "bigint") return String(value);
  const inside = isRecord(value) ? bytesOf(own(value, "bytes")) : undefined;
  if (inside !== undefined) return inside;
  const named = isRecord(value) ? (own(value, "path") ?? own(value, "url") ?? own(value, "file_name")) : undefined;
  if (typeof named === "string" && named !== "") return named;
  throw new RowProblem("bad-row", "A picture is given neither as a path nor as bytes.");
}

/** A text cut at its markers, each of which is the place of a picture. */
export function splitMarkers(text: string): Part[] {
  if (!text.includes(MARKER)) return wholeText(text);
  return text
    .split(MARKER)
    .flatMap((piece, i): Part[] => [
      ...(i > 0 ? [{ type: "image" } as const] : []),
      ...(piece === "" ? [] : [{ type: "text", text: piece } as const]),
    ]);
}

const wholeText = (text: string): Part[] => (text === "" ? [] : [{ type: "text", text }]);

const PART_TYPES = ["text", "image", "image_url", "input_text", "output_text", "input_image"];

/** Items that a column could only hold as JSON text; undefined for every other text, JSON that is an answer included. */
function partsInText(content: unknown): unknown[] | undefined {
  if (typeof content !== "string") return undefined;
  const inside = unpackJson(content);
  const list: unknown[] = Array.isArray(inside) ? inside : [inside];
  const isPart = (item: unknown) => isRecord(item) && PART_TYPES.includes(keyText(own(item, "type")) ?? "");
  return list.length > 0 && list.every(isPart) ? list : undefined;
}

/** The parts of a turn's content, markers not yet split: a string, or text and image items (Hugging Face, OpenAI), also as JSON text. */
export function partsOf(written: unknown): Part[] {
  if (written === null || written === undefined) return [];
  const content = partsInText(written) ?? (isRecord(written) ? [written] : written);
  if (!Array.isArray(content)) return wholeText(textOf(content, "The content of a turn"));
  return content.flatMap((item: unknown): Part[] => {
    if (typeof item === "string") return wholeText(item);
    if (!isRecord(item)) throw new RowProblem("bad-row", "An item of a turn's content is neither a text nor an image.");
    const type =
      own(item, "type") ?? (Object.hasOwn(item, "image") && !Object.hasOwn(item, "text") ? "image" : undefined);
    // `index` is not followed: the Hugging Face collators hand pictures over in their order, and so do we.
    if (type === "image" || type === "image_url" || type === "input_image") {
      const source = own(item, "source"); // Anthropic's
      const base64 = own(item, "base64") ?? (isRecord(source) ? own(source, "data") : undefined);
      const picture = pictureOf(
        own(item, "image") ??
          own(item, "image_url") ??
          own(item, "path") ??
          own(item, "url") ??
          (isRecord(source) ? own(source, "url") : undefined) ??
          (typeof base64 === "string" ? `data:image;base64,${base64.replace(/^data:[^,]*,/, "")}` : undefined),
      );
      return [picture === undefined ? { type: "image" } : { type: "image", picture }];
    }
    const isText = type === "text" || type === "input_text" || type === "output_text";
    if (isText || ((type === undefined || type === null) && Object.hasOwn(item, "text"))) {
      return wholeText(textOf(own(item, "text") ?? own(item, "content") ?? "", "A text item"));
    }
    throw new RowProblem(
      "bad-row",
      `An item of a turn's content has ${type === undefined ? "no type" : `the type ${JSON.stringify(type).slice(0, 40)}`}; only text and image are known.`,
    );
  });
}

/** The parts of a turn that brings its pictures beside its text (Ollama): in the places that are marked, else in front. */
export function withOwnPictures(parts: Part[], cell: unknown): Part[] {
  const pictures = (Array.isArray(cell) ? cell : [cell]).map(pictureOf).filter((picture) => picture !== undefined);
  if (pictures.length === 0) return parts;
  const split = parts.flatMap((part) => (part.type === "text" ? splitMarkers(part.text) : [part]));
  const places = split.filter((part) => part.type === "image").length;
  if (places === 0) return [...pictures.map((picture) => ({ type: "image", picture }) as const), ...split];
  if (places !== pictures.length)
    throw new RowProblem(
      "picture-count",
      `A turn has ${places} place${places === 1 ? "" : "s"} for pictures and names ${pictures.length}; the numbers must be equal.`,
    );
  const rest = pictures.values();
  return split.map((part) => (part.type === "image" ? { type: "image", picture: rest.next().value! } : part));
}
