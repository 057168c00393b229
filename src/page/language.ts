/** Which language the page speaks: the browser's where it is one of ours, or the one that somebody chose. */
import { create } from "zustand";
import { isLanguage, type Language, speak } from "../words/index.ts";

export type Choice = "auto" | Language;

interface LanguageStore {
  choice: Choice;
  /** What is spoken: changes once its sentences are here. */
  spoken: Language;
  choose(choice: Choice): Promise<void>;
}

const KEY = "tabtune-language";

/** The first of the browser's languages that the page speaks; English where it speaks none of them. */
export function languageOfBrowser(tags: readonly string[]): Language {
  return tags.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}

export const useLanguage = create<LanguageStore>((set) => ({
  choice: "auto",
  spoken: "en",
  async choose(choice) {
    localStorage.setItem(KEY, choice);
    const spoken = choice === "auto" ? languageOfBrowser(navigator.languages) : choice;
    await speak(spoken);
    document.documentElement.lang = spoken;
    set({ choice, spoken });
  },
}));

/** Speaks what was chosen last. Resolves when it is spoken: before that nothing should be drawn. */
export function speakAsChosen(): Promise<void> {
  const kept = localStorage.getItem(KEY);
  return useLanguage.getState().choose(isLanguage(kept) ? kept : "auto");
}
