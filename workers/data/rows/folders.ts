/** What the name of a folder says: nothing, which split lies in it, or that it holds texts. */

/** Folders that say nothing about what is in them. */
export const ANY_FOLDER =
  /^(all|(all[-_ ]?)?(im(age|g)s?|pic(ture)?s?|photos?)|jpe?g(s|images)?|pngs?|files?|media|data(sets?)?|assets)$/i;

/** Folders of texts that belong to the pictures of the same names in a folder beside it. */
export const TEXT_FOLDER =
  /^((image|img)[-_ ]?)?(te?xts?|captions?|labels?|annotations?|ann|descriptions?|prompts?|tags)([-_ ]?(files|te?xts?))?$/i;

type Split = "train" | "held-out" | undefined;

/** The split that a path names, in its file name or a folder; the innermost name decides. */
export function splitOf(path: string): Split {
  for (const segment of path.split("/").reverse()) {
    const words = segment.toLowerCase().split(/[^a-z]+/);
    if (words.some((word) => word === "train" || word === "training")) return "train";
    if (
      words.some((word) =>
        ["test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation"].includes(word),
      )
    )
      return "held-out";
  }
  return undefined;
}
