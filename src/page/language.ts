/** Which language the page speaks: the browser's where it is one of ours, or the one that somebody chose. */
import { create } from "zustand";
import { speak } from "../words/index.ts";
import { isLanguage, type Language, languageOfBrowser } from "../words/languages.ts";
import { useApp } from "./store.ts";

export type Choice = "auto" | Language;

interface LanguageStore {
  choice: Choice;
  /** What is spoken: changes once its sentences are here. */
  spoken: Language;
  choose(choice: Choice): Promise<void>;
}

const KEY = "tabtune-language";

export const useLanguage = create<LanguageStore>((set) => ({
  choice: "auto",
  spoken: "en",
  async choose(choice) {
    localStorage.setItem(KEY, choice);
    let spoken = choice === "auto" ? languageOfBrowser(navigator.languages) : choice;
    try {
      await speak(spoken);
    } catch (error) {
      // The page is there, in the language that comes with it.
      spoken = "en";
      await speak(spoken);
      useApp.getState().fail("page", error);
    }
    document.documentElement.lang = spoken;
    set({ choice, spoken });
  },
}));

/** Speaks what was chosen last. Resolves when it is spoken: before that nothing should be drawn. */
export function speakAsChosen(): Promise<void> {
  const kept = localStorage.getItem(KEY);
  return useLanguage.getState().choose(isLanguage(kept) ? kept : "auto");
}
