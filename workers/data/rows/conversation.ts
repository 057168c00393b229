/**
 * Turns as they are written in a record -> messages that can be trained on. Roles have many names; a picture's place is
 * an image part or an `<image>` marker inside a text. White space is never added or taken away: the chat template sees
 * what the author wrote.
 */
import type { RecordBoxes } from "./box-row.ts";
import type { PictureSource } from "./picture-source.ts";
import { MARKER, placeholderIn, placePictures } from "./placeholders.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import type { ContentPart, Message } from "./row.ts";
import { tellMarks } from "./turn-marks.ts";
import { type Part, partsOf, splitMarkers, withOwnPictures } from "./turn-parts.ts";
import { roleOf } from "./turns.ts";
import { isPresent, isRecord, own } from "./values.ts";

export interface Conversation {
  messages: Message[];
  /** One for each image part, in order. */
  pictures: PictureSource[];
  /** All that people answered to its last question, where they are several and the row is to be answered. */
  answers?: string[];
  /** What its last answer is to be written of. */
  boxes?: RecordBoxes;
}

type Role = Message["role"];

const ROLES = new Map<string, Role>([
  ...["system", "developer"].map((name) => [name, "system"] as const),
  ...["user", "human", "person", "customer"].map((name) => [name, "user"] as const),
  ...["assistant", "gpt", "model", "bot", "chatbot", "chatgpt", "ai", "bard", "claude", "gemini", "llm", "vlm"].map(
    (name) => [name, "assistant"] as const,
  ),
]);
/** What agents' data have besides: calls of functions and what they gave. */
const TOOL = /tool|function|observation|ipython/i;

interface Turn {
  role: Role;
  parts: Part[];
}

function turnOf(turn: unknown): Turn {
  if (!isRecord(turn)) throw new RowProblem("bad-row", "A turn of the conversation is not an object.");
  const [only, ...others] = Object.keys(turn);
  // {"human": "…"}: the role is the name of the text.
  if (only !== undefined && others.length === 0 && ROLES.has(only.toLowerCase())) {
    return { role: ROLES.get(only.toLowerCase())!, parts: partsOf(own(turn, only)) };
  }
  const name = roleOf(turn) ?? own(turn, "speaker");
  const role = typeof name === "string" ? ROLES.get(name.trim().toLowerCase()) : undefined;
  if (role === undefined && typeof name === "string" && TOOL.test(name)) {
    throw new RowProblem(
      "bad-roles",
      `A turn has the role ${JSON.stringify(name).slice(0, 40)}: conversations with turns of tools are not trained on; write them as texts of user and assistant.`,
    );
  }
  if (role === undefined)
    throw new RowProblem(
      "bad-roles",
      `A turn has ${name === undefined ? "no role" : `the role ${JSON.stringify(name).slice(0, 40)}`}; known are system, user and assistant (human, gpt).`,
    );
  if (role === "assistant" && isPresent(own(turn, "tool_calls"))) {
    throw new RowProblem(
      "bad-roles",
      "A turn calls tools (tool_calls), and calls of tools are not trained on; leave them out.",
    );
  }
  const content = own(turn, "content") ?? own(turn, "value") ?? own(turn, "text") ?? own(turn, "message");
  return { role, parts: withOwnPictures(partsOf(content), own(turn, "images") ?? own(turn, "image")) };
}

/** Turns of one side in a row as one, and without an answer in front of the first question: as LLaVA's own training reads them. */
function inTurn(turns: readonly Turn[], tell: Tell): Turn[] {
  const kept: Turn[] = [];
  const from = turns.findIndex(({ role }) => role !== "system");
  const first = turns[from];
  const greets =
    first?.role === "assistant" &&
    turns.slice(from).some(({ role }, i, rest) => role === "assistant" && rest[i - 1]?.role === "user");
  const leads = turns.findIndex(({ role }) => role === "user");
  turns.forEach((turn, i) => {
    if (greets && i < leads && turn.role === "assistant") {
      if (turn.parts.some((part) => part.type === "image"))
        throw new RowProblem("bad-roles", "The conversation starts with a picture in a turn of the assistant.");
      tell("the conversation starts with the assistant; what it says before the first question is left out");
      return;
    }
    const last = kept.at(-1);
    if (last === undefined || last.role !== turn.role || turn.role === "system") kept.push(turn);
    else {
      tell(`turns of the ${turn.role} that follow each other are joined by a line end`);
      kept[kept.length - 1] = { role: last.role, parts: [...last.parts, { type: "text", text: "\n" }, ...turn.parts] };
    }
  });
  return kept;
}

/** Texts of the user with placeholders of other models made markers, then every text split at its markers; and the pictures in the order of the places. */
function split(
  turns: readonly Turn[],
  pictures: readonly PictureSource[],
  tell: Tell,
): { turns: Turn[]; pictures: PictureSource[] } {
  const asked = turns.filter(({ role }) => role === "user").flatMap(({ parts }) => parts);
  const texts = asked.flatMap((part) => (part.type === "text" ? [part.text] : []));
  const places = asked.length - texts.length + texts.reduce((sum, text) => sum + text.split(MARKER).length - 1, 0);
  const placed = placePictures(texts, { pictures: pictures.length, places }, tell);
  for (const { role, parts } of turns) {
    for (const part of parts) {
      const stays = role !== "user" && part.type === "text" ? placeholderIn(part.text) : undefined;
      if (stays !== undefined)
        tell(`${stays} in a turn of the ${role} stays as text, because only users show pictures`);
    }
  }
  const rest = placed.texts.values();
  return {
    pictures: placed.order?.map((at) => pictures[at]!) ?? [...pictures],
    turns: turns.map(({ role, parts }) => ({
      role,
      parts: parts.flatMap((part) => {
        if (part.type === "image") return [part];
        return splitMarkers(role === "user" ? (rest.next().value as string) : part.text);
      }),
    })),
  };
}

/**
 * A checked conversation: system first if at all, then user and assistant in turn, at least one answer with text, one
 * picture for each image part. `named` are those of the row; parts with a picture of their own take none of them.
 * Without any image part, the pictures go first in the first user turn.
 * One that is `toAnswer` needs no answer, and is left without a last one that is empty.
 * Throws RowProblems "bad-row", "bad-roles", "empty-text", "picture-count".
 */
export function conversationOf(
  turns: readonly unknown[],
  named: readonly PictureSource[],
  tell: Tell,
  toAnswer = false,
): Conversation {
  tellMarks(turns, tell);
  const { turns: read, pictures } = split(inTurn(turns.map(turnOf), tell), named, tell);
  checkRoles(read.map((turn) => turn.role));
  const spoken = read.some(({ role, parts }) => role === "assistant" && hasText(parts));
  const last = read.at(-1)!;
  if (spoken && !toAnswer && read.some(({ role, parts }) => role === "assistant" && !hasText(parts)))
    tell("an answer in the conversation is empty and is trained on as an empty answer");
  if (toAnswer && last.role === "assistant" && !hasText(last.parts)) read.pop();
  if (!spoken && !toAnswer)
    throw new RowProblem("empty-text", "No assistant turn has any text, so there is nothing to learn.");

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
