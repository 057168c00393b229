/**
 * Every sentence of the page, a file per place, once in each language: `en/` is the pattern, `de/` has the same keys by its type.
 *
 * - Components and stores ask at the time of use: `words().path.model.notLoaded`. Never at a module's top: the language is chosen later.
 * - A sentence with something in it is a function of plain values: `(rows: number) => string`. Counts by `counted`, which knows plurals.
 * - What the workers say (errors, notes on data, advice) is theirs, and in English: it stands in logs and on the command line too.
 */
import { en, type Words } from "./en/index.ts";
import type { Language } from "./languages.ts";

let spoken: { language: Language; words: Words } = { language: "en", words: en };

/** The page's sentences in the language that is spoken now. */
export const words = (): Words => spoken.words;

/** The language that is spoken now, for `Intl`. */
export const language = (): Language => spoken.language;

/** Fetches a language and speaks it from now on. Who shows sentences must be drawn anew. */
export async function speak(language: Language): Promise<void> {
  spoken = { language, words: language === "de" ? (await import("./de/index.ts")).de : en };
}
