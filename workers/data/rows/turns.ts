/** A conversation in any dress -> a list of turns: JSON in a cell, columns of lists, pairs of question and answer. */
import { COLUMNS } from "./column-names.ts";
import { foldName } from "./columns.ts";
import { parseLoosely } from "./loose-json.ts";
import { RowProblem } from "./problem.ts";
import { isRecord, own } from "./values.ts";

/** A list or an object written into a text, as JSON or Python's repr; anything else as it is. */
export function unpackJson(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    const inside = parseLoosely(value);
    return typeof inside === "object" && inside !== null ? inside : value;
  } catch {
    return value; // a text, or a file name, that happens to start with a bracket
  }
}

/** Lists in a text, as `unpackJson`; an object stays the text that it is. */
export function unpackList(value: unknown): unknown {
  const inside = unpackJson(value);
  return Array.isArray(inside) ? inside : value;
}

const ASKS = [...COLUMNS.question, "q", "user", "human"].map(foldName);
const ANSWERS = [...COLUMNS.answer, "a", "model", "bot"].map(foldName);

/** {user, assistant} of The Cauldron, {question, answer}, ["Q", "A"] of a history: two turns. */
function pairIn(item: unknown): [unknown, unknown] | undefined {
  if (Array.isArray(item))
    return item.length === 2 && item.every((text) => typeof text === "string") ? [item[0], item[1]] : undefined;
  if (!isRecord(item) || "role" in item || "from" in item) return undefined;
  const names = Object.keys(item);
  const asks = names.find((name) => ASKS.includes(foldName(name)));
  const answers = names.find((name) => ANSWERS.includes(foldName(name)));
  return asks !== undefined && answers !== undefined ? [own(item, asks), own(item, answers)] : undefined;
}

/** Who speaks, as it is written: `role`, or ShareGPT's `from`. */
export const roleOf = (turn: Record<string, unknown>): unknown => own(turn, "role") ?? own(turn, "from");

export const pair = (question: unknown, answer: unknown): unknown[] => [
  { role: "user", content: question },
  { role: "assistant", content: answer },
];

/**
 * The turns of a conversation cell, not looked into any further; undefined where it is none: a list of objects or of pairs, a
 * struct of lists as `datasets` makes of a list of structs, or one of them as text.
 * Throws a RowProblem "bad-row" for a text that is Python's repr and cannot be read.
 */
export function turnsIn(cell: unknown): unknown[] | undefined {
  let value = unpackJson(cell);
  if (typeof value === "string" && /^\s*\[\s*(array\(|\{\s*')/.test(value)) {
    throw new RowProblem(
      "bad-row",
      "The conversation is a list as Python prints it, with something in it that cannot be read back; write the cell with json.dumps.",
    );
  }
  if (isRecord(value)) value = rowsOfColumns(value) ?? own(value, "messages") ?? own(value, "conversations") ?? value;
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((item: unknown): unknown[] => {
    const two = pairIn(item);
    return two ? pair(...two) : [item];
  });
}

/** {from: [a, b], value: [c, d]} as [{from: a, value: c}, {from: b, value: d}]; undefined for other shapes. */
function rowsOfColumns(value: Record<string, unknown>): Record<string, unknown>[] | undefined {
  const columns = Object.entries(value).filter(([, list]) => list !== null);
  const lengths = new Set(columns.map(([, list]) => (Array.isArray(list) ? list.length : -1)));
  const [length] = lengths;
  if (columns.length < 2 || lengths.size !== 1 || length === undefined || length < 1) return undefined;
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(columns.map(([name, list]) => [name, (list as unknown[])[i]])),
  );
}

/** True for a list of objects that have a role. */
export function isTurns(value: unknown): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((turn) => isRecord(turn) && ("role" in turn || "from" in turn))
  );
}

/** A list of turns with roles in any dress; undefined for all else. */
export function turnsOf(value: unknown): Record<string, unknown>[] | undefined {
  const turns = turnsIn(value);
  return isTurns(turns) ? turns : undefined;
}
