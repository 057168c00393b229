/** Texts of people and files in Markdown that we write: they are shown as they are, and are never markup, YAML or a tag. */

/** Text on one line that Markdown takes literally. */
export function line(text: string): string {
  // An underscore inside of a word is one: addresses stay as they are.
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*[\]<>#|&~]|(?<!\w)_|_(?!\w)/g, "\\$&");
}

/** Text of several paragraphs whose lines Markdown takes literally. */
export function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => line(paragraph.trim()).replace(/^([-+=]|\d+[.)])/, "\\$1"))
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

/** A code span; the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${flat} ${fence}` : `${fence}${flat}${fence}`;
}

/** A one-line double-quoted YAML scalar: JSON strings are YAML. */
export function yaml(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
