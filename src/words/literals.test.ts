/** Rooms whose sentences have moved here: none is left in their code as a literal. A room joins the list when it has moved. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { literalsIn } from "../../scripts/literals.ts";

const src = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");

/** All but the words themselves. */
const ROOMS = fs.readdirSync(src).filter((room) => room !== "words" && fs.statSync(path.join(src, room)).isDirectory());

/** What is no sentence of the page though it looks like one. */
const NONE = new Map([
  ["held out", "a value of the workers’"],
  ["left out", "a value of the workers’"],
  ["held out of run", "a value of the workers’"],
  ["run §", "a value of the form of a job"],
  ["§ base", "a key of speakers"],
  ["trained on", "a value of the workers’"],
  ["full speed", "a value of the workers’"],
  ["take the best", "a value of the workers’"],
  ["undo all", "a value of the workers’"],
  ["contribute-repos manage-repos", "scopes of the hub"],
  ["openid profile §", "scopes of the hub"],
  ["run §", "a value of the workers’"],
  ["eval_§ §", "a figure by its name in files"],
  ["needs you", "a standing, whose words are path.standing"],
  ["Demo model", "a preset’s key"],
  ["Seed report", "a preset’s key"],
  ["vsft_llava.py", "a file’s name"],
  ["const PAGE_VERSION = §; §", "a line of a script"],
  ["TabTune", "our name"],
  ["GeForce RTX 4060", "a card’s name"],
  ["Apple M2", "a card’s name"],
  ["Intel Iris Xe", "a card’s name"],
  ["not all", "a media query"],
  ["(prefers-color-scheme: §)", "a media query"],
  ["(prefers-color-scheme: dark)", "a media query"],
  ["(forced-colors: active)", "a media query"],
  ["in use", "a key of what is told of a newer version"],
  ["other tab", "a key of what is told of a newer version"],
  ["No newer version was looked for:", "of the console"],
  ["(prefers-reduced-motion: reduce)", "a media query"],
  ['[data-place="chat"], [data-place="apply"]', "a selector"],
  ['[data-place="data"] button', "a selector"],
  ["button, a[href], input, select, textarea, summary", "a selector"],
  ["12px system-ui", "a font"],
  ['[data-place="§"] §', "a selector"],
  ...["kB", "MB", "GB", "MFLOP", "GFLOP", "TFLOP", "min"].map(
    (unit) => [`§ ${unit}`, "a unit of every language"] as const,
  ),
  ["§ h § min", "units of every language"],
  ["NF4", "a format’s name"],
  ["FP4", "a format’s name"],
  ["images, messages", "columns of a file"],
  ["image,question,answer mug.jpg,§,§", "an example of a file"],
  ["names: [§, §]", "an example of a file"],
  ["Scripts come from this site alone, and not from §.", "an error of code, which the console shows"],
  ['{"file_name": "mug.jpg", "text": §}', "an example of a file"],
  [
    '[{"image": "mug.jpg", "conversations": [ {"from": "human", "value": §}, {"from": "gpt", "value": §}]}]',
    "an example of a file",
  ],
]);

const filesOf = (room: string): string[] => {
  const place = path.join(src, room);
  if (!fs.statSync(place).isDirectory()) return [place];
  return fs
    .readdirSync(place, { recursive: true, encoding: "utf8" })
    .map((file) => path.join(place, file))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$/.test(file));
};

test.each(ROOMS)("no sentence is left in %s", (room) => {
  const found = filesOf(room).flatMap((file) => {
    const left = literalsIn(fs.readFileSync(file, "utf8")).filter((text) => !NONE.has(text));
    return left.map((text) => `${path.relative(src, file)}: ${text}`);
  });
  expect(found).toEqual([]);
});

test("what a reader of the page would read is found, and nothing else", () => {
  const code = `
    import { a } from "some words/of a path.ts";
    /** A comment with words. */
    type Kind = "two words" | "one";
    const said = \`\${n} skipped\`;
    const key = \`\${n} \${m}\`;
    const icon = '<path d="M1 2" fill="none"/>' + 'stroke="#fff" stroke-width="4"' + '[data-place="chat"] button';
    export const part = <p className="row centred" title="Close" data-kind="two words">Done <b>{"many words here"}</b></p>;
  `;
  expect(literalsIn(code)).toEqual(["§ skipped", "Close", "Done", "many words here"]);
});
