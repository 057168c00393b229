/**
 * Turns as they are written in a record -> messages that can be trained on. Roles have many names; a picture's place is
 * an image part or an `<image>` marker inside a text. White space is never added or taken away: the chat template sees
 * what the author wrote.
 */
import { isEmbedded, type PictureSource } from "./pictures.ts";
import { RowProblem } from "./problem.ts";
import type { ContentPart, Message } from "./row.ts";

export const MARKER = "<image>";

export interface Conversation {
  messages: Message[];
  /** One for each image part, in order. */
  pictures: PictureSource[];
}

type Role = Message["role"];
/** An image part that may bring its own picture. */
type Part = { type: "text"; text: string } | { type: "image"; picture?: PictureSource };

const ROLES = new Map<string, Role>([
  ["system", "system"],
  ["user", "user"],
  ["human", "user"],
  ["assistant", "assistant"],
  ["gpt", "assistant"],
  ["model", "assistant"],
]);

/** An own property; never one of Object.prototype. */
export function own(record: object, name: string): unknown {
  return Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A text cell: a string, or a whole number as one. Throws a RowProblem "bad-row" for anything else. */
export function textOf(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  throw new RowProblem("bad-row", `${what} is not a text.`);
}

/** A picture as columns and parts hold it, undefined where there is none. Throws a RowProblem "bad-row" for other shapes. */
export function pictureOf(value: unknown): PictureSource | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value === "string" || isEmbedded(value)) return value;
  const named = isRecord(value) ? (own(value, "path") ?? own(value, "url") ?? own(value, "file_name")) : undefined;
  if (typeof named === "string" && named !== "") return named;
  throw new RowProblem("bad-row", "A picture is given neither as a path nor as bytes.");
}

function splitMarkers(text: string): Part[] {
  return text
    .split(MARKER)
    .flatMap((piece, i): Part[] => [
      ...(i > 0 ? [{ type: "image" } as const] : []),
      ...(piece === "" ? [] : [{ type: "text", text: piece } as const]),
    ]);
}

/** The parts of a turn's content: a string with markers, or a list of text and image items (Hugging Face, OpenAI). */
function partsOf(content: unknown): Part[] {
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) return splitMarkers(textOf(content, "The content of a turn"));
  return content.flatMap((item: unknown): Part[] => {
    if (typeof item === "string") return splitMarkers(item);
    if (!isRecord(item)) throw new RowProblem("bad-row", "An item of a turn's content is neither a text nor an image.");
    const type = own(item, "type");
    // `index` is not followed: the Hugging Face collators hand pictures over in their order, and so do we.
    if (type === "image" || type === "image_url") {
      const picture = pictureOf(own(item, "image") ?? own(item, "image_url") ?? own(item, "path") ?? own(item, "url"));
      return [picture === undefined ? { type: "image" } : { type: "image", picture }];
    }
    if (type === "text" || (type === undefined && Object.hasOwn(item, "text"))) {
      return splitMarkers(textOf(own(item, "text") ?? "", "A text item"));
    }
    throw new RowProblem(
      "bad-row",
      `An item of a turn's content has the type ${JSON.stringify(type)?.slice(0, 40)}; only text and image are known.`,
    );
  });
}

function turnOf(turn: unknown): { role: Role; parts: Part[] } {
  if (!isRecord(turn)) throw new RowProblem("bad-row", "A turn of the conversation is not an object.");
  const name = own(turn, "role") ?? own(turn, "from");
  const role = typeof name === "string" ? ROLES.get(name.toLowerCase()) : undefined;
  if (role === undefined)
    throw new RowProblem(
      "bad-roles",
      `A turn has the role ${JSON.stringify(name)?.slice(0, 40)}; known are system, user and assistant (human, gpt).`,
    );
  return { role, parts: partsOf(own(turn, "content") ?? own(turn, "value")) };
}

/**
 * A checked conversation: system first if at all, then user and assistant in turn, at least one answer with text, one
 * picture for each image part. `pictures` are those of the row; parts with a picture of their own take none of them.
 * Without any image part, the pictures go first in the first user turn.
 * Throws RowProblems "bad-row", "bad-roles", "empty-text", "picture-count".
 */
export function conversationOf(turns: readonly unknown[], pictures: readonly PictureSource[]): Conversation {
  const read = turns.map(turnOf);
  checkRoles(read.map((turn) => turn.role));
  const spoken = read.some(({ role, parts }) => role === "assistant" && hasText(parts));
  if (!spoken) throw new RowProblem("empty-text", "No assistant turn has any text, so there is nothing to learn.");

  const images = () => read.flatMap(({ parts }) => parts.filter((part) => part.type === "image"));
  if (images().length === 0) {
    read.find(({ role }) => role === "user")?.parts.unshift(...pictures.map(() => ({ type: "image" }) as const));
  }
  for (const { role, parts } of read) {
    const shows = parts.some((part) => part.type === "image");
    if (role === "user" && !shows && !hasText(parts)) throw new RowProblem("empty-text", "A user turn is empty.");
    if (role !== "user" && shows) {
      throw new RowProblem(
        "bad-row",
        `A picture or ${MARKER} lies in a turn of the ${role}; only user turns may show pictures.`,
      );
    }
  }

  const wanting = images().filter((part) => part.picture === undefined).length;
  const all = images().length;
  // A column that lists the pictures which the parts name themselves is nothing new.
  const repeated = wanting === 0 && pictures.length === all;
  if (wanting !== pictures.length && !repeated) {
    throw new RowProblem(
      "picture-count",
      `The turns have ${all} place${all === 1 ? "" : "s"} for pictures (${MARKER} or an image item) and the row names ${pictures.length + all - wanting}; the numbers must be equal.`,
    );
  }
  const rest = pictures.values();
  return {
    pictures: images().map((part) => part.picture ?? (rest.next().value as PictureSource)),
    messages: read.map(({ role, parts }) => ({
      role,
      content: parts.map((part): ContentPart => (part.type === "image" ? { type: "image" } : part)),
    })),
  };
}

function hasText(parts: readonly Part[]): boolean {
  return parts.some((part) => part.type === "text" && part.text.trim() !== "");
}

function checkRoles(roles: readonly Role[]): void {
  const turns = roles[0] === "system" ? roles.slice(1) : roles;
  const wrong = turns.findIndex((role, i) => role !== (i % 2 === 0 ? "user" : "assistant"));
  if (turns.length === 0) throw new RowProblem("bad-roles", "The conversation has no user turn.");
  if (wrong >= 0) {
    const expected = wrong % 2 === 0 ? "user" : "assistant";
    throw new RowProblem(
      "bad-roles",
      `Turn ${wrong + 1 + roles.length - turns.length} is from the ${turns[wrong]}, expected the ${expected}: user and assistant must alternate, user first.`,
    );
  }
}
