/** Votes as preference rows: what TRL's DPOTrainer reads for models that see (prompt, chosen and rejected as messages, and their images). */
import { zipSync } from "fflate";
import type { ContentPart, Message } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";
import type { Store } from "../storage/store.ts";
import { counted } from "../words.ts";
import { withSystem } from "./system.ts";
import { listVotes, picturesOf, type Vote, type VotedAnswer, type VotedPicture, votedPicture } from "./votes.ts";

export interface PreferenceRow {
  prompt: Message[];
  chosen: Message[];
  rejected: Message[];
  /** Paths beside the file, one for each image part of the prompt, in order. */
  images: string[];
}

/** Votes as rows, and what was left out of them or has to be known of them. */
export interface Preferences {
  rows: PreferenceRow[];
  notes: string[];
}

/** What the rows' file in the zip is called. */
export const PREFERENCES_FILE = "preferences.jsonl";

/** Where a picture lies in the zip: under its hash, so that a picture of many votes lies there once. */
export function pictureFile({ sha256, name, type }: VotedPicture): string {
  const extension = /\.([a-z0-9]{2,5})$/i.exec(name)?.[1] ?? /^image\/([a-z0-9]{2,5})/.exec(type)?.[1] ?? "png";
  return `images/${sha256.slice(0, 20)}.${extension.toLowerCase()}`;
}

const messageOf = ({ role, text, pictures }: VotedAnswer["turns"][number]): Message => ({
  role,
  content: [...pictures.map((): ContentPart => ({ type: "image" })), { type: "text", text }],
});
const answered = (text: string): Message[] => [{ role: "assistant", content: [{ type: "text", text }] }];

/** The conversation that an answer followed, without what only we call its pictures. */
const conversation = ({ turns }: VotedAnswer): string =>
  JSON.stringify(turns.map(({ role, text, pictures }) => [role, text, pictures.map(({ sha256 }) => sha256)]));

/**
 * A row for each vote that prefers an answer. The prompt is what the chosen answer followed, with the system prompt as the model had it.
 * `missing` are hashes of pictures that are gone: their votes make no row.
 */
export function preferencesOf(votes: readonly Vote[], missing: ReadonlySet<string> = new Set()): Preferences {
  const rows: PreferenceRow[] = [];
  const out = { equal: 0, neither: 0, same: 0, missing: 0 };
  const seen = { apart: 0, cut: 0 };
  for (const vote of votes) {
    const { verdict, left, right, system, systemRole } = vote;
    if (verdict === "equal" || verdict === "neither") out[verdict] += 1;
    else if (left.text === right.text) out.same += 1;
    else if (picturesOf(vote).some(({ sha256 }) => missing.has(sha256))) out.missing += 1;
    else {
      const [chosen, rejected] = verdict === "left" ? [left, right] : [right, left];
      if (conversation(left) !== conversation(right)) seen.apart += 1;
      if (left.stopped !== "eos" || right.stopped !== "eos") seen.cut += 1;
      rows.push({
        prompt: withSystem(chosen.turns.map(messageOf), system, systemRole),
        chosen: answered(chosen.text),
        rejected: answered(rejected.text),
        images: chosen.turns.flatMap(({ pictures }) => pictures.map(pictureFile)),
      });
    }
  }
  const told = (n: number, what: string, words: (n: string) => string): string[] =>
    n > 0 ? [words(counted(n, what))] : [];
  const notes = [
    ...told(out.equal, "vote", (n) => `${n} for equal answers left out.`),
    ...told(out.neither, "vote", (n) => `${n} for two bad answers left out.`),
    ...told(out.same, "vote", (n) => `${n} between answers of the same words left out.`),
    ...told(out.missing, "vote", (n) => `${n} left out whose pictures are gone or damaged.`),
    ...told(seen.apart, "row", (n) => `In ${n} the two had said other things before: the prompt is the chosen one's.`),
    ...told(seen.cut, "row", (n) => `In ${n} an answer was cut or stopped before its end.`),
  ];
  return { rows, notes };
}

/** All votes as a zip: preference rows, their pictures, and how to load them. Throws "bad-argument" where there is no vote. */
export async function preferencesZip(store: Store): Promise<{ file: Blob; rows: number; notes: string[] }> {
  const { votes, damaged } = await listVotes(store);
  if (votes.length === 0) {
    throw new TabTuneError("bad-argument", "There is no vote to export.", "Vote on two answers side by side first.");
  }
  const files: Record<string, [Uint8Array, { level: 0 | 6 }]> = {};
  const missing = new Set<string>();
  for (const picture of votes.flatMap(picturesOf)) {
    const name = pictureFile(picture);
    if (files[name] || missing.has(picture.sha256)) continue;
    const bytes = await votedPicture(store, picture);
    // Encoded pictures do not shrink.
    if (bytes) files[name] = [bytes, { level: 0 }];
    else missing.add(picture.sha256);
  }
  const { rows, notes } = preferencesOf(votes, missing);
  const shown = new Set(rows.flatMap(({ images }) => images));
  if (damaged > 0) notes.push(`${counted(damaged, "vote")} left out: damaged, or of a newer version.`);
  const text = (content: string): [Uint8Array, { level: 6 }] => [new TextEncoder().encode(content), { level: 6 }];
  const zip = zipSync({
    [PREFERENCES_FILE]: text(rows.map((row) => `${JSON.stringify(row)}\n`).join("")),
    "README.md": text(readme(rows.length, votes.length, notes)),
    ...Object.fromEntries(Object.entries(files).filter(([name]) => shown.has(name))),
  });
  return { file: new Blob([zip as Uint8Array<ArrayBuffer>], { type: "application/zip" }), rows: rows.length, notes };
}

const readme = (rows: number, votes: number, notes: readonly string[]): string => `# Preferences

${counted(rows, "row")} of ${counted(votes, "vote")}, by TabTune. ${notes.join(" ")}

\`${PREFERENCES_FILE}\` has \`prompt\`, \`chosen\` and \`rejected\` as lists of messages, and \`images\`: what TRL's \`DPOTrainer\` takes for
vision-language models.

In this folder:

    from datasets import Image, load_dataset

    rows = load_dataset("json", data_files="${PREFERENCES_FILE}", split="train")
    rows = rows.cast_column("images", [Image()])

TabTune itself trains on answers, not on preferences: dropped there, each row is its prompt with the chosen answer.
`;
