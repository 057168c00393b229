/** Was der Tab sagt, während jemand anderswo hinsieht: Titel, Mitteilung am Ende, und die Liste dessen, was gemeldet wurde. */
import type { Words } from "../en/index.ts";

export const tab: Words["tab"] = {
  done: "✓ Fertig – TabTune",
  failed: "! Fehlgeschlagen – TabTune",
  tell: "Mitteilen, wenn es fertig ist",
  refused:
    "Dieser Browser erlaubt der Seite keine Mitteilungen: Erlauben Sie sie in seinen Einstellungen für diese Seite.",
  unknown: "Dieser Browser kennt keine Mitteilungen.",
  notice: {
    done: "TabTune: Der Lauf ist fertig",
    stopped: "TabTune: Der Lauf wurde beendet",
    failed: "TabTune: Der Lauf ist fehlgeschlagen",
  },
  steps: (step, of) => `Schritt ${step} von ${of}.`,
  told: (n) => `Probleme, die bei diesem Besuch gemeldet wurden (${n})`,
  places: {
    page: "Seite",
    model: "Modell",
    data: "Daten",
    training: "Training",
    runs: "Läufe",
    chat: "Chat",
    apply: "Anwenden",
    storage: "Speicher",
  },
  copy: "Alle kopieren",
  copied: "Kopiert.",
  noCopy: "Dieser Browser ließ die Seite nicht kopieren: Markieren Sie stattdessen den Text.",
};
