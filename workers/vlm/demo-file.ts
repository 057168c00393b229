/** `demo.json` of a demo page: what it shows and asks for, and the card that says so. Its paths begin at the page. */
import * as v from "valibot";
import { TabTuneError } from "../errors.ts";
import { code, line, paragraphs, yaml } from "../markdown.ts";

export const DEMO_FILE = "demo.json";

const path = v.pipe(v.string(), v.regex(/^(?!\/|.*(\.\.|:|\\))[^?#]+$/));

const format = v.object({
  schema: v.literal(1),
  title: v.string(),
  /** The base model: its files, or its name and commit at a hub. */
  base: v.union([
    v.object({ files: v.array(path) }),
    v.object({ name: v.string(), revision: v.string(), endpoint: v.string() }),
  ]),
  /** Of the model as it was loaded for the run: another one is refused. */
  model_id: v.string(),
  /** Keys of the run's recipe that say how the model is loaded. */
  loading: v.record(v.string(), v.unknown()),
  adapter: v.array(path),
  examples: v.array(v.object({ question: v.string(), pictures: v.array(path) })),
  /** Paragraphs: whose the model, the pictures and the adapter are. */
  licences: v.array(v.string()),
});

export type DemoFile = v.InferOutput<typeof format>;

/** Throws TabTuneError "missing-file" where it is no file of a demo. */
export function parseDemo(json: unknown): DemoFile {
  const { success, output, issues } = v.safeParse(format, json);
  if (success) return output;
  const where = v.getDotPath(issues[0]) ?? "";
  throw new TabTuneError(
    "missing-file",
    `${DEMO_FILE} is not that of a demo page: ${where ? `${where}: ` : ""}${issues[0].message}`,
    "Make the demo page again in TabTune, and put up all of its files.",
  );
}

/** An address that stays one behind `](<`. */
const linkOf = (address: string): string => encodeURI(address).replace(/[<>\\]/g, encodeURIComponent);

/** The card of a static Space of the hub; elsewhere it says what the folder is. English, as cards are. */
export function cardOf({ title, base, licences }: DemoFile): string {
  const model = "files" in base ? "" : `models:\n- ${yaml(base.name)}\n`;
  const from =
    "files" in base
      ? "The base model lies in `model/`."
      : `The base model is [${line(base.name)}](<${linkOf(`${base.endpoint}/${base.name}`)}>) at revision ${code(base.revision)}; visitors' browsers fetch it from the hub and keep it.`;
  return `---
title: ${yaml(title)}
sdk: static
app_file: index.html
pinned: false
tags:
- tabtune
${model}---

# ${line(title)}

A chat with a fine-tuned vision-language model that runs in the visitor's browser, on their GPU by WebGPU. Nothing is sent anywhere.
${from} The adapter in \`adapter/\` loads in PEFT.

Serve this folder from any address. After the first visit it works without a network: \`sw.js\` keeps the files by their hashes, so make
the page again in TabTune to change one.

## Licences

${licences.map(paragraphs).join("\n\n")}
`;
}
