/** Die erste Minute. */
import type { Words } from "../en/index.ts";
import { stepsOf } from "./count.ts";

export const welcome: Words["welcome"] = {
  title: "Bringen Sie einem Modell bei, Ihre Bilder so zu sehen wie Sie",
  what: "Geben Sie ihm Bilder und dazu die Worte, die Sie hören möchten. Es lernt daraus hier, in diesem Tab, auf Ihrem eigenen Rechner. Am Ende können Sie es nach neuen Bildern fragen und mitnehmen, was es gelernt hat. Nichts wird installiert, und Ihre Bilder verlassen diesen Rechner nicht.",
  demo: "Die Vorführung ausprobieren",
  pictures: "Meine Bilder verwenden",
  demoTakes:
    "Die Vorführung dauert ein bis zwei Minuten: Ein winziges Modell lernt, 128 Bilder so zu beschreiben, wie es der Ausguck eines Schiffes täte.",
  demoGoes: "Die Vorführung läuft an.",
  doing: {
    model: "1 von 3: Das Modell der Vorführung wird geladen.",
    data: "2 von 3: Die Beispielbilder werden gelesen.",
    train: "3 von 3: Es lernt.",
  },
  cannot: "Dieser Browser kann nicht trainieren: siehe oben.",
  looking: "Eine Grafikkarte wird gesucht.",
  machine: {
    software: (from, to) =>
      `Diese Seite hat keine Grafikkarte gefunden, die sie verwenden kann; es rechnet der Prozessor: Die Vorführung dauert ein bis zwei Minuten, aber ein einziger Schritt von SmolVLM-256M, dem kleinsten echten Modell hier, würde ${from} bis ${to} dauern.`,
    like: (card, seconds) =>
      `Ihre Grafikkarte wurde noch nicht gemessen. Nach den Angaben des Herstellers müsste eine ihrer Art, ${card}, etwa ${seconds} für einen Schritt von SmolVLM-256M mit 8 Bildern brauchen; „Dieses Gerät messen“ findet heraus, was Ihre braucht.`,
    card: (from, to) =>
      `Ihre Grafikkarte wurde noch nicht gemessen. Nach den Angaben der Hersteller müsste ein Schritt von SmolVLM-256M mit 8 Bildern etwa ${from} (GeForce RTX 4060) bis etwa ${to} (Intel Iris Xe) dauern; „Dieses Gerät messen“ findet heraus, was Ihre braucht.`,
    measured: (date, what, seconds) =>
      `Hier gemessen am ${date}: Ein Schritt des Trainings (${what}) dauert ${seconds}.`,
    smolThen: (seconds) => `Einer von SmolVLM-256M mit 8 Bildern würde etwa ${seconds} dauern.`,
    what: (model, rows) => `${model}, ${rows} Zeilen auf einmal`,
  },
  example: {
    title: "Die Vorführung, aufgezeichnet",
    what: (trained, unseen) =>
      `Es lernte aus ${trained} Bildern. Hier wird es nach ${unseen} anderen gefragt, die es nicht kennt.`,
    curve: "Verlauf des Beispiels",
    curveWords: (from, to, at) =>
      `Auf Bildern, die es nicht kennt, fällt der Loss in ${stepsOf(at)} von ${from} auf ${to}.`,
    step: (n) => `Schritt ${n}`,
    trained: "Fehler auf dem, woraus es lernt",
    unseen: "auf Bildern, die es nicht kennt",
    when: (step, right, of) => `${step === 0 ? "Bevor es lernte" : `Nach Schritt ${step}`}: ${right} von ${of} richtig`,
    slider: "Schritt des Beispiels",
    stop: "Anhalten",
    again: "Noch einmal",
    answers: "Antworten des Beispiels",
    picture: (right) => `Beispielbild: ${right}`,
    right: "richtig",
    wanted: (right) => `Gewünscht: ${right}`,
  },
  gate: {
    https:
      "Öffnen Sie sie mit https, oder auf dem Rechner, der sie ausliefert, als http://localhost: Unter anderen Adressen geben Browser kein WebGPU.",
    phone: "Öffnen Sie diese Seite auf einem Computer: Ein Telefon hat zu wenig Speicher zum Trainieren.",
    firefox: "Öffnen Sie diese Seite in Chrome oder Edge; Firefox hat noch kein vollständiges WebGPU.",
    safari: "Aktualisieren Sie auf Safari 26, oder öffnen Sie diese Seite in Chrome.",
    linux:
      "Aktualisieren Sie Chrome auf 144 oder neuer, und schalten Sie chrome://flags/#enable-unsafe-webgpu ein, wenn Ihre Grafikkarte älter ist.",
    chrome: "Aktualisieren Sie Chrome, und schalten Sie in seinen Systemeinstellungen die Hardwarebeschleunigung ein.",
    needs: "Das Training braucht WebGPU; alles Weitere erklärt sich selbst, kann hier aber nicht laufen.",
    elsewhere:
      "Was es anderswo tut: ein SmolVLM- oder LLaVA-Modell laden, Bilder und Texte aufnehmen, einen Adapter trainieren, mit dem Ergebnis reden und eine Datei herunterladen, die PEFT lädt. Die Aufzeichnung unten zeigt es.",
    elsewhereLater:
      "Was es anderswo tut: ein SmolVLM- oder LLaVA-Modell laden, Bilder und Texte aufnehmen, einen Adapter trainieren, mit dem Ergebnis reden und eine Datei herunterladen, die PEFT lädt.",
  },
};
