/** Was die Orte umgibt: Kopf, Fuß der Leiste, Fußzeile. */
import type { Words } from "../en/index.ts";

export const shell: Words["shell"] = {
  lead: "Ein Bild-Sprach-Modell in diesem Tab weiter trainieren, auf Ihrer eigenen Grafikkarte. Nichts wird hochgeladen.",
  skip: "Zum Modell springen",
  softwareGpu: "Grafik in Software (langsam)",
  gpu: (name) => `Grafikkarte: ${name}`,
  storage: "Was dieser Browser aufbewahrt",
  settings: "Einstellungen",
  settingsLead: "Wie die Seite aussieht und spricht. In diesem Browser gemerkt.",
  measure: "Dieses Gerät messen",
  thisBrowser: "Dieser Browser",
  colours: "Farben",
  themes: { auto: "Wie das System", light: "Hell", dark: "Dunkel" },
  language: "Sprache",
  languageOfBrowser: "Wie der Browser",
  footer:
    "Nichts wird hochgeladen: Modell, Daten und Läufe bleiben in diesem Browser. Alle Zahlen folgen Hugging Face transformers, PEFT und bitsandbytes.",
  drop: {
    chat: "Zu diesem Bild etwas fragen",
    apply: "Diese Zeilen beantworten lassen",
    page: "Damit trainieren, oder einen Modellordner oder einen Adapter hinzufügen",
    elsewhere:
      "Um zu einem Bild zu fragen, lassen Sie es über dem Gespräch los; um Zeilen beantworten zu lassen, über Anwenden",
  },
  version: {
    newer: "Eine neue Version ist da.",
    now: "Modelle, Daten und Läufe bleiben; das Modell wird neu geladen.",
    later: "Laden Sie neu, wenn Ihre Arbeit fertig ist.",
    reload: "Neu laden",
    reloadIt: "Neu laden in der neuen Version",
    works: {
      run: "Ein Lauf ist im Gang: Beenden Sie ihn, oder warten Sie auf sein Ende.",
      answers: "Antworten werden geschrieben: Warten Sie auf die letzte.",
      loading: "Ein Modell wird geladen.",
      reading: "Daten werden gelesen.",
      "other tab": "In einem anderen Tab dieses Browsers ist ein Lauf oder ein Auftrag im Gang.",
    },
    kept: (size) => `Auch die Seite selbst wird aufbewahrt (${size}): Sie öffnet sich ohne Netz.`,
    notYet: "Die Seite selbst wird noch nicht aufbewahrt: Zum Öffnen braucht sie das Netz.",
    neverKept: "Dieser Browser bewahrt die Seite unter dieser Adresse nicht auf: Zum Öffnen braucht sie das Netz.",
  },
};
