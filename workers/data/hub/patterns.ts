/** Which files are which split, by their paths alone: as `datasets` finds them where a card does not say it. */

/** Words that stand for a split in names of files and folders. */
const KEYWORDS: [split: string, words: string][] = [
  ["train", "train|training"],
  ["validation", "validation|valid|dev|val"],
  ["test", "test|testing|eval|evaluation"],
];
/** What may stand beside such a word. */
const AROUND = "[-._ 0-9]";

/** As `push_to_hub` writes: data/train-00000-of-00020.parquet, with any name of a split. */
const SHARDED = /^data\/(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*$/;

/** Paths by their splits, in the order of `paths`; all of them are "train" where none says anything. Paths that fit no split are in none. */
export function splitsByName(paths: readonly string[]): Map<string, string[]> {
  const sharded = grouped(paths, (path) => [SHARDED.exec(path)?.[1]]);
  if (sharded.size > 0) return sharded;
  const named = (part: (path: string) => string[]): Map<string, string[]> =>
    grouped(paths, (path) =>
      KEYWORDS.filter(([, words]) => {
        const word = new RegExp(`(^|${AROUND})(${words})($|${AROUND})`);
        return part(path).some((text) => word.test(text));
      }).map(([split]) => split),
    );
  const byFolder = named((path) => path.split("/").slice(0, -1));
  if (byFolder.size > 0) return byFolder;
  const byFile = named((path) => path.split("/").slice(-1));
  return byFile.size > 0 ? byFile : new Map(paths.length > 0 ? [["train", [...paths]]] : []);
}

function grouped(paths: readonly string[], keysOf: (path: string) => (string | undefined)[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    for (const key of keysOf(path)) if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return groups;
}

/** A glob of a card as fsspec reads it: `*` and `?` stay inside a folder, `**` does not, `[…]` is one character. */
export function globPattern(glob: string): RegExp {
  const clean = glob.replace(/^(\.?\/)+/, "");
  const source = clean.replace(/\*\*\/?|\*|\?|\[!?[^\]/]+\]|[^*?[]+|\[/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 1 && part.startsWith("[")) return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return part.replace(/[\\^$.|+(){}[\]]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}
