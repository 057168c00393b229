/** Die erste Minute. */
import type { Words } from "../en/index.ts";

export const welcome: Words["welcome"] = {
  title: "Bringen Sie einem Modell bei, Ihre Bilder so zu sehen wie Sie",
  what: "Geben Sie ihm Bilder und dazu die Worte, die Sie hören möchten. Es lernt daraus hier, in diesem Tab, auf Ihrer eigenen Grafikkarte. Am Ende haben Sie eine kleine Datei, einen Adapter, die überall läuft, wo Modelle von Hugging Face laufen. Nichts wird installiert, und Ihre Bilder verlassen diesen Rechner nicht.",
  demo: "Die Vorführung ausprobieren",
  pictures: "Meine Bilder verwenden",
  demoTakes:
    "Die Vorführung dauert ein bis zwei Minuten: Ein winziges Modell lernt, 128 Bilder so zu beschreiben, wie es der Ausguck eines Schiffes täte.",
  demoGoes: "Die Vorführung läuft an.",
  cannot: "Dieser Browser kann nicht trainieren: siehe oben.",
  looking: "Eine Grafikkarte wird gesucht.",
};
