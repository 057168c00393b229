/** The names of classes that label files have as numbers: data.yaml of YOLO, or a list with a name a line. */

/** Lists of names by the files' names, best first. */
const LISTS = [
  /^(classes|class_?names?|predefined_classes)\.txt$/i,
  /^(obj|coco|voc|classes)\.names$/i,
  /\.names$/i,
  /^_darknet\.labels$/i,
  /^labels?\.txt$/i,
];
const YAML = [/^data\.ya?ml$/i, /^(dataset|custom|coco\d*)\.ya?ml$/i, /\.ya?ml$/i];

/** How well a file's name says that it has names of classes: smaller is better; undefined where it does not. */
export function classFileRank(name: string): number | undefined {
  const at = [...YAML.slice(0, 2), ...LISTS, YAML[2]!].findIndex((pattern) => pattern.test(name));
  return at < 0 ? undefined : at;
}

/** No data set has more classes. */
const MOST_CLASSES = 100_000;

const unquoted = (text: string): string => /^(["'])(.*)\1$/s.exec(text.trim())?.[2] ?? text.trim();

/** Without a comment behind it. */
const withoutComment = (line: string): string => line.replace(/(^|\s)#.*$/, "");

/** Names by their numbers, of a file; undefined where it has none. A number that it leaves out has an empty name, which is none. */
export function classNamesOf(name: string, text: string): string[] | undefined {
  const names = /\.ya?ml$/i.test(name) ? namesInYaml(text) : text.split("\n").map((line) => line.trim());
  while (names?.at(-1) === "") names.pop();
  return names && names.length > 0 ? names : undefined;
}

/**
 * `names:` of a YAML file, as YOLO's tools write it: a list or a map, on one line or on several. No other YAML is understood, because no
 * other is asked for.
 */
function namesInYaml(text: string): string[] | undefined {
  const lines = text.split(/\r?\n/).map(withoutComment);
  const at = lines.findIndex((line) => /^names\s*:/.test(line));
  if (at < 0) return undefined;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => /^[^\s-]/.test(line) && !/^[\]}]/.test(line));
  const block = end < 0 ? rest : rest.slice(0, end);
  const whole = [lines[at]!.replace(/^names\s*:/, ""), ...block].join(" ");
  if (/^\s*[[{]/.test(whole)) return inFlow(whole);
  const items = block.filter((line) => line.trim() !== "");
  const names: string[] = [];
  for (const line of items) {
    const listedName = /^\s*-\s+(.*)$/.exec(line);
    const mapped = /^\s+["']?(\d+)["']?\s*:\s*(.*)$/.exec(line);
    if (listedName) names.push(unquoted(listedName[1]!));
    else if (mapped && Number(mapped[1]) < MOST_CLASSES) names[Number(mapped[1])] = unquoted(mapped[2]!);
    else return undefined;
  }
  return Array.from(names, (name) => name ?? "");
}

/** [a, "b"] or {0: a, 1: "b"}. */
function inFlow(text: string): string[] | undefined {
  const inside = /^\s*([[{])(.*?)[\]}]/s.exec(text);
  if (!inside) return undefined;
  const parts = inside[2]!.match(/"[^"]*"|'[^']*'|[^,]+/g)?.filter((part) => part.trim() !== "") ?? [];
  if (inside[1] === "[") return parts.map(unquoted);
  const names: string[] = [];
  for (const part of inside[2]!.match(/\b\d{1,9}\s*:\s*("[^"]*"|'[^']*'|[^,]+)/g) ?? []) {
    const [, number, name] = /^(\d+)\s*:\s*(.*)$/s.exec(part)!;
    if (Number(number) < MOST_CLASSES) names[Number(number)] = unquoted(name!);
  }
  return Array.from(names, (name) => name ?? "");
}
