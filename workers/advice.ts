/** Advice: something that was seen, in plain words with its figures and the reason, and what would help. Never without a figure. */

export interface Advice {
  /** What it is about, the same as long as it is the same advice with other figures. */
  about: string;
  /** Whole sentences. */
  words: string;
  /** Settings that would help, by their Hugging Face names: of a recipe, or of how answers are written. */
  set?: Record<string, number>;
  /** What can be done with the run itself. */
  deed?: "stop" | "take the best";
}

/** Advice as a sentence of a command line, where nothing can be pressed. */
export function adviceWords({ words, set }: Advice): string {
  const settings = Object.entries(set ?? {}).map(([name, value]) => `${name} to ${value}`);
  return settings.length > 0 ? `${words} Set ${settings.join(" and ")}.` : words;
}

/** A number in words: one significant digit, as people choose them. */
export const roundly = (value: number): number => Number(value.toPrecision(1));
