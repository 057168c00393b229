/** Answers that are JSON: whether they can be read, and how many fields are right. */
import { isJsonObject } from "../json.ts";
import { meanOf } from "./averages.ts";
import { type Answered, bestOf, type Metric } from "./metric.ts";
import { stripped } from "./text.ts";

const FENCED = /^```(?:json)?\s*([\s\S]*?)\s*```$/i;

/** The value of an answer that is one JSON text, with or without a Markdown fence around it; undefined where it is not. */
export function jsonIn(answer: string): { value: unknown } | undefined {
  const text = stripped(answer);
  try {
    return { value: JSON.parse(FENCED.exec(text)?.[1] ?? text) };
  } catch {
    // Not JSON: that is what is asked.
    return undefined;
  }
}

interface Leaf {
  path: readonly (string | number)[];
  value: unknown;
}

/** Each value that holds no other, with its path: an empty object or list is one too. */
function leavesOf(value: unknown, path: Leaf["path"] = []): Leaf[] {
  const inside: [string | number, unknown][] = Array.isArray(value)
    ? value.map((below, i) => [i, below])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  if (inside.length === 0) return [{ path, value }];
  return inside.flatMap(([key, below]) => leavesOf(below, [...path, key]));
}

/** The same, each as one text. */
const fieldsOf = (value: unknown): string[] =>
  leavesOf(value).map(({ path, value: leaf }) => JSON.stringify([path, leaf]));

/** How often a field was right, over all rows. */
export interface FieldTally {
  /** Its path, the same for all items of a list: "items[].price"; "" of an answer that is one value. */
  field: string;
  right: number;
  /** There, with another value. */
  wrong: number;
  /** In the right answer alone; all fields of it where the given one is no JSON. */
  missing: number;
  /** In the given answer alone. */
  extra: number;
}

const nameOf = ({ path }: Leaf): string =>
  path.reduce<string>(
    (name, key) => (typeof key === "number" ? `${name}[]` : name === "" ? key : `${name}.${key}`),
    "",
  );

/** Fields in the order in which right answers have them, then those that only given ones have. A row's first right answer counts. */
export function fieldTallies(rows: readonly Answered[]): FieldTally[] {
  const tallies = new Map<string, FieldTally>();
  const count = (leaf: Leaf, what: Exclude<keyof FieldTally, "field">): void => {
    const field = nameOf(leaf);
    const tally = tallies.get(field) ?? { field, right: 0, wrong: 0, missing: 0, extra: 0 };
    tally[what] += 1;
    tallies.set(field, tally);
  };
  const extras: Leaf[] = [];
  for (const row of rows) {
    const wanted = jsonIn(row.right[0]!);
    if (!wanted) continue;
    const found = jsonIn(row.given);
    const given = new Map((found ? leavesOf(found.value) : []).map((leaf) => [JSON.stringify(leaf.path), leaf]));
    for (const leaf of leavesOf(wanted.value)) {
      const key = JSON.stringify(leaf.path);
      const other = given.get(key);
      given.delete(key);
      if (!other) count(leaf, "missing");
      else count(leaf, JSON.stringify(other.value) === JSON.stringify(leaf.value) ? "right" : "wrong");
    }
    extras.push(...given.values());
  }
  for (const leaf of extras) count(leaf, "extra");
  return [...tallies.values()];
}

/** Right fields of all that either has: one that is missing, wrong or too many counts against it. */
function share(given: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let same = 0;
  for (const field of given) if (right.has(field)) same += 1;
  return same / (given.size + right.size - same);
}

export const jsonFields: Metric = {
  name: "json_fields",
  words:
    "right fields of all fields that the given or the right JSON has, path and value alike; valid_json is the share of answers that are JSON",
  score(given, right) {
    const found = jsonIn(given);
    if (!found) return 0;
    const fields = new Set(fieldsOf(found.value));
    return bestOf(right, (one) => {
      const wanted = jsonIn(one);
      return wanted ? share(fields, new Set(fieldsOf(wanted.value))) : 0;
    });
  },
  figures: ["json_fields", "valid_json", "all_fields"],
  aggregate: (rows, scores) => ({
    json_fields: meanOf(scores),
    valid_json: meanOf(rows.map(({ given }) => (jsonIn(given) ? 1 : 0))),
    all_fields: meanOf(scores.map((score) => (score === 1 ? 1 : 0))),
  }),
};
