/** Das Rezept: Fragen, Felder, Plan, Vorgaben, Dateien. */
import type { Words } from "../en/index.ts";

export const recipe: Words["recipe"] = {
  plan: {
    answers: (size) =>
      `${size} der Summe sind für Antworten auf zurückgehaltene Zeilen, neben dem Speicher, den ein Schritt ihnen lässt; ohne beantwortete Zeilen (0) entfallen sie.`,
  },
};
