/** Teile, die mehrere Orte haben: Fehler, Fortschritt, Galerien. */
import type { Words } from "../en/index.ts";
import { counted } from "./count.ts";

const heldOut = (n: number): string => counted(n, { one: "zurückgehaltene Zeile", other: "zurückgehaltene Zeilen" });

export const parts: Words["parts"] = {
  dismiss: "Schließen",
  done: "Fertig.",
  nameForReports: "Sein Name für Meldungen",
  pager: {
    first: (what) => `Das sind die ersten ${what}.`,
    last: (what) => `Das sind die letzten ${what}.`,
    previous: (what) => `Vorige ${what}`,
    next: (what) => `Nächste ${what}`,
    at: (page, of) => `${page} von ${of}`,
  },
  gallery: {
    label: "Antworten auf zurückgehaltene Zeilen",
    box: "Antworten, und wie sie beurteilt werden",
    pictureOf: (row) => `Bild der Zeile ${row}`,
    noQuestion: "keine Frage",
    rightAnswer: "richtige Antwort",
    noneInWords: "keine in Worten",
    nothing: "nichts",
    cut: "abgeschnitten: Sie ging weiter",
    when: (step) => (step === 0 ? "vor dem ersten Schritt" : `nach Schritt ${step}`),
    shown: (when) => `Antworten ${when}`,
    step: "Schritt der Antworten",
    worstFirst: "Schlechteste zuerst",
    download: "Antworten herunterladen",
    showAll: (n) => `Alle ${n} Zeilen zeigen`,
    marks: {
      unread: "die Zeile war nicht lesbar",
      notJudged: "nicht beurteilt",
      right: "richtig",
      wrong: "falsch",
      partly: (share) => `zu ${share} richtig`,
    },
    tally: (right, of) => `${right} von ${of} richtig`,
    tallyPartly: (right, of, mean, partly) => `${right} von ${of} richtig (zu ${mean} mit ${partly} teils richtigen)`,
    judged: (n, metric, what) => `${heldOut(n)}, beurteilt nach ${metric}: ${what}.`,
    noJudge: (n) => `${heldOut(n)}; keine hat eine richtige Antwort, nach der sich urteilen ließe.`,
  },
  boxes: {
    toggle: "Kästen auf Bildern",
    list: "Kästen",
    kinds: { right: "richtig", given: "gegeben" },
    nameless: "ein Kasten ohne Namen",
    box: (kind, label, left, right, top, bottom) =>
      `${kind}: ${label}, von ${left} bis ${right} der Breite und von ${top} bis ${bottom} der Höhe`,
  },
  loading: { language_model: "Sprachmodell", packed: "in 4 Bit", noFormat: "keines" },
};
