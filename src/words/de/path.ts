/** Der Weg: Leiste am Rand oder oben. */
import type { Words } from "../en/index.ts";
import { rows, runs, stepsOf } from "./count.ts";

export const path: Words["path"] = {
  label: "Weg",
  next: "Als Nächstes:",
  titles: { model: "Modell", data: "Daten", train: "Training", result: "Ergebnis" },
  standing: { empty: "leer", working: "in Arbeit", ready: "fertig", "needs you": "braucht Sie" },
  model: {
    loading: "Wird geladen",
    notLoaded: "Nicht geladen",
    offered: "Wartet auf Ihr Ja",
    none: "Keines geladen",
  },
  data: {
    chosen: (n, label) => `${rows(n)}, ${label}`,
    none: "Keine gewählt",
    asked: "Hat eine Frage an Sie",
    read: (n) => `${rows(n)} gelesen`,
  },
  train: {
    at: (step, of) => `${step} von ${stepsOf(of)}`,
    notStarted: "Nicht begonnen",
    paused: (at) => `Angehalten, ${at}`,
    preparing: "Wird vorbereitet",
    done: (at) => `Fertig, ${at}`,
    stopped: (at) => `Beendet, ${at}`,
  },
  result: {
    none: "Noch kein Lauf",
    kept: (n) => `${runs(n)} gespeichert`,
    interrupted: (n) => `${runs(n)} zum Fortsetzen`,
  },
  steps: {
    watch: "Zusehen, wie es lernt",
    resume: "Den Lauf fortsetzen, oder zwischendurch etwas fragen",
    answer: "Die Frage zu Ihren Daten beantworten",
    download: "Dem Herunterladen zustimmen",
    load: "Ein Modell laden",
    goOn: "Den unterbrochenen Lauf fortsetzen",
    choose: "Ihre Bilder wählen, oder die Beispieldaten",
    loading: "Das Modell wird geladen",
    reading: "Die Zeilen werden gelesen",
    ask: "Zu einem Bild etwas fragen",
    start: "Das Training beginnen",
  },
};
