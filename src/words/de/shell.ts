/** Was die Orte umgibt: Kopf, Fuß der Leiste, Fußzeile. */
import type { Words } from "../en/index.ts";

export const shell: Words["shell"] = {
  lead: "Ein Bild-Sprach-Modell in diesem Tab weiter trainieren, auf Ihrer eigenen Grafikkarte. Nichts wird hochgeladen.",
  skip: "Zum Modell springen",
  softwareGpu: "Grafik in Software (langsam)",
  gpu: (name) => `Grafikkarte: ${name}`,
  storage: "Was dieser Browser aufbewahrt",
  measure: "Dieses Gerät messen",
  colours: "Farben",
  themes: { auto: "Wie das System", light: "Hell", dark: "Dunkel" },
  language: "Sprache",
  languageOfBrowser: "Wie der Browser",
  footer:
    "Nichts wird hochgeladen: Modell, Daten und Läufe bleiben in diesem Browser. Alle Zahlen folgen Hugging Face transformers, PEFT und bitsandbytes.",
};
