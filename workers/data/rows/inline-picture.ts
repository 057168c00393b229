/** A picture that lies in a record as text or numbers: a data: URI, base64 in any dress, or a list of bytes. */
import type { EmbeddedPicture } from "./picture-source.ts";
import { RowProblem } from "./problem.ts";

/** The first letters in base64 of JPEG, PNG, GIF, WebP (RIFF), BMP, TIFF and ISO media (HEIC, AVIF). */
const STARTS =
  /^(\/9j\/|_9j_|iVBORw0KGg|R0lGOD|UklGR|Qk[A-Za-z0-9+/_-]{4}AAAAA|SUkqA|TU0AK|AAAA[A-Za-z0-9+/_-]{2}Z0eXB)/;
const LETTERS = /^[A-Za-z0-9+/_=\s-]+$/;
/** Python's repr of bytes. */
const PYTHON_BYTES = /^b(['"])([\s\S]*)\1$/;
/** In letters or bytes: no path is longer than the first, no picture shorter than the second. */
const LONGEST_PATH = 4096;
const SHORTEST_PICTURE = 40;

/** The base64 letters of a text that is a picture; undefined for a path. Only the start is looked at where that is enough. */
export function base64Of(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^data:/i.test(trimmed)) {
    const comma = trimmed.indexOf(",");
    if (comma < 0 || !/;base64$/i.test(trimmed.slice(0, comma).trim())) {
      throw new RowProblem("broken-picture", "A data: picture must be written in base64.");
    }
    return trimmed.slice(comma + 1);
  }
  const bare = PYTHON_BYTES.exec(trimmed)?.[2] ?? trimmed;
  if (bare.length < SHORTEST_PICTURE || !LETTERS.test(bare.slice(0, LONGEST_PATH))) return undefined;
  if (STARTS.test(bare)) return bare;
  if (bare.length <= LONGEST_PATH) return undefined;
  throw new RowProblem("broken-picture", "The picture is a long text that is neither a path nor a picture in base64.");
}

/** Bytes of base64, also url-safe, wrapped into lines or without its padding. Throws the platform's error. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

/** Bytes that JSON writes as a list of numbers, as a picture; undefined for other values. */
export function numbersOf(value: unknown): EmbeddedPicture | undefined {
  if (!Array.isArray(value) || value.length < SHORTEST_PICTURE) return undefined;
  const isByte = (item: unknown) => Number.isInteger(item) && (item as number) >= 0 && (item as number) <= 255;
  if (!value.every(isByte)) return undefined;
  return { path: "in the record", size: value.length, bytes: async () => Uint8Array.from(value as number[]) };
}

/** The picture in the `bytes` of a struct, by which it counts more than by its path; undefined where there is none. */
export function bytesOf(value: unknown): string | EmbeddedPicture | undefined {
  return typeof value === "string" && base64Of(value) !== undefined ? value : numbersOf(value);
}
