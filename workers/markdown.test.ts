/** What Markdown makes of hostile texts in the cards and readmes that we write. */
import { expect, test } from "vitest";
import { modelfileOf } from "./adapter/llama-cpp/templates.ts";
import { notebook } from "./handover/notebook.ts";
import { type AboutHandover, readme } from "./handover/readme.ts";
import { code, line, paragraphs, yaml } from "./markdown.ts";
import { parseRecipe } from "./recipe.ts";
import { PAYLOADS } from "./testing/payloads.ts";
import { cardOf } from "./vlm/demo-file.ts";

/** Markup that would work: a tag, a link or picture, a heading, a fence, a table, an entity. */
const MARKUP = /(?<!\\)<\/?[a-z!]|(?<!\\)!?\[[^\]]*\]\(|^\s*#{1,6}\s|^\s*(```|~~~)|(?<!\\)\|/im;

test.each(Object.entries(PAYLOADS))("%s is text and no markup", (_, payload) => {
  expect(line(payload)).not.toMatch(MARKUP);
  expect(paragraphs(payload)).not.toMatch(MARKUP);
  expect(line(payload)).not.toMatch(/[\r\n]/);
  const span = code(payload);
  const [, fence, inside] = /^(`+)(.*)\1$/s.exec(span)!;
  expect(inside!.split(/[^`]+/)).not.toContain(fence);
  expect(span).not.toMatch(/[\r\n]/);
  expect(JSON.parse(yaml(payload))).toBe(payload);
  expect(yaml(payload)).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
});

/** Markdown without its code spans and links of our own. */
const ownWords = (text: string): string =>
  text
    .replace(/(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)/g, "")
    .replace(/\]\(<[^<>\\\n]*>\)/g, "]")
    .replace(/(?<!\\)\[((?:\\.|[^\]\\])*)\]/g, "$1");

test.each(Object.entries(PAYLOADS))("the card of a demo page: %s", (_, payload) => {
  const base = { name: payload, revision: payload, endpoint: `https://hub.example/${payload}` };
  const rest = { schema: 1 as const, model_id: "m", loading: {}, adapter: [], examples: [] };
  const card = cardOf({ ...rest, title: payload, base, licences: [payload] });
  const [, head, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(card)!;
  expect(head!.split("\n").map((row) => row.replace(/".*"$/, "…"))).toEqual([
    ...["title: …", "sdk: static", "app_file: index.html", "pinned: false", "tags:", "- tabtune", "models:", "- …"],
  ]);
  expect(body!.match(/^#+ .*/gm)).toEqual([`# ${line(payload)}`, "## Licences"]);
  expect(ownWords(body!).replace(/^#.*$/gm, "")).not.toMatch(MARKUP);
});

test.each(Object.entries(PAYLOADS))("the readme and the notebook of a handed-over run: %s", (_, payload) => {
  const about = {
    model: { name: payload, revision: payload, inside: false },
    ...{ rows: 3, held_out: 1, steps: 4, start: { step: 0 } },
    ...{ recipe: parseRecipe({}), notes: [payload], datasetLabel: payload, moments: false },
  } as unknown as AboutHandover;
  const text = readme(about);
  expect(text.match(/^#.*/gm)!.length).toBe(1);
  const body = ownWords(text)
    .replace(/^\|.*\|$/gm, "")
    .replace(/^#.*$/m, "");
  expect(body).not.toMatch(MARKUP);
  const { cells } = JSON.parse(notebook(about)) as { cells: { cell_type: string; source: string[] }[] };
  expect(cells[0]!.source.length).toBe(3);
  expect(cells[0]!.source[0]!.replace(/^# /, "")).not.toMatch(MARKUP);
  for (const { cell_type, source } of cells) if (cell_type === "code") expect(source.join("")).not.toContain(payload);
});

test.each(Object.entries(PAYLOADS))("a Modelfile: %s", (_, payload) => {
  const turn = { text: payload, picture: payload };
  const turns = { first: turn, next: turn, ask: payload, space: payload, between: "", gap: "", system: undefined };
  const text = modelfileOf({ files: ["a.gguf"], turns, stops: [payload, '"""\nFROM x'], context: 8, about: payload });
  // Strings of three quotes and of one are taken away: what is left are the instructions.
  const left = text
    .replace(/^#.*$/gm, "")
    .replace(/"""[\s\S]*?"""/g, "…")
    .replace(/"[^"\n]*"/g, "…");
  const instructions = left
    .split("\n")
    .filter(Boolean)
    .map((row) => row.split(" ")[0]);
  expect(new Set(instructions)).toEqual(new Set(["FROM", "TEMPLATE", "PARAMETER"]));
  expect(left.match(/^FROM/gm)!.length).toBe(1);
});
