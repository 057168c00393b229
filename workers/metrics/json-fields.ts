/** Answers that are JSON: whether they can be read, and how many fields are right. */
import { isJsonObject } from "../json.ts";
import { meanOf } from "./averages.ts";
import { bestOf, type Metric } from "./metric.ts";
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

/** Each value that holds no other, with its path, as one text: an empty object or list is one too. */
function fieldsOf(value: unknown, path: readonly (string | number)[] = []): string[] {
  const inside = Array.isArray(value)
    ? value.map((below, i) => [i, below])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  if (inside.length === 0) return [JSON.stringify([path, value])];
  return inside.flatMap(([key, below]) => fieldsOf(below, [...path, key as string | number]));
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
