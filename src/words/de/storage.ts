/** Was dieser Browser aufbewahrt. */
import type { Words } from "../en/index.ts";
import { runs as countRuns } from "./count.ts";

export const storage: Words["storage"] = {
  title: "Speicher",
  used: (used, quota) => `${used} belegt von ${quota}, die dieser Browser erlaubt.`,
  keeps: "Was dieser Browser aufbewahrt",
  why: "Damit nichts zweimal geholt oder berechnet wird und ein Lauf seinen Tab überlebt. Es liegt nur hier, auf diesem Rechner.",
  looking: "Es wird nachgesehen, was aufbewahrt ist.",
  table: "Aufbewahrt",
  columns: { what: "Was", size: "Größe", remove: "Löschen" },
  kinds: { model: "Modell", data: "Daten", ranges: "Datensatz", run: "Lauf", votes: "Urteile", answers: "Antworten" },
  remove: (label) => `${label} löschen`,
  sure: (label, size) => `${label} (${size}) aus diesem Browser löschen?`,
  busy: "Gerade wird etwas gelöscht oder behoben.",
  loading: "Gerade wird ein Modell geladen: abwarten oder abbrechen.",
  nothing:
    "Noch nichts. Modelle, Daten und Läufe werden hier stehen, jeweils mit ihrer Größe, und alle lassen sich löschen.",
  mayGo:
    "Wird die Festplatte voll, kann ein Browser ungefragt löschen, was Seiten aufbewahren: Modelle würden neu geholt, Läufe und Adapter aber wären verloren.",
  persist: "Meine Daten behalten",
  gone: {
    what: (runs, day) => `Am ${day} bewahrte dieser Browser ${countRuns(runs)} auf; jetzt ist nichts mehr da.`,
    remedy:
      "Browser löschen, was Seiten aufbewahren, wenn die Festplatte voll wird oder ihre eigene Datenbank kaputtgeht: Schaffen Sie Platz, und drücken Sie unter Speicher „Meine Daten behalten“.",
    safe: "Adapter, die heruntergeladen oder veröffentlicht wurden, sind unberührt.",
  },
  check: {
    press: "Speicher prüfen",
    again: "Noch einmal prüfen",
    why: "Liest alles, was aufbewahrt ist, und findet, was eine schlechte Platte oder ein Absturz verändert hat.",
    going: "Es wird gelesen, was aufbewahrt ist",
    progress: (done, of) => `${done} von ${of} Einträgen und Dateien.`,
    sound: (n) => `${n} Einträge und Dateien wurden gelesen: Alle sind, wie sie geschrieben wurden.`,
    found: (n, damaged) => `${n} Einträge und Dateien wurden gelesen; beschädigt: ${damaged}.`,
    table: "Beschädigt",
    columns: { what: "Was beschädigt ist", follows: "Was folgt", mend: "Beheben" },
    kinds: { changes: "Berichtigte Zeilen", kernels: "Test der Kernel", unknown: "Unbekannt" },
    mend: "Reparieren",
    remove: "Löschen",
    mendLabel: (label, place) => `${label} reparieren: ${place}`,
    removeLabel: (label, place) => `${label} löschen: ${place}`,
    sure: (label, follows) => `${label} löschen? ${follows}`,
  },
};
