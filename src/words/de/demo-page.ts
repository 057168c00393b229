/** Was eine Demoseite ihren Besuchern sagt. */
import type { demoPage as Words } from "../en/demo-page.ts";

export const demoPage: typeof Words = {
  cost: (fetched, kept) =>
    `Das Modell wird einmal geladen (${fetched}) und in diesem Browser behalten (${kept}). Fragen und Bilder verlassen ihn nie.`,
  here: "Das Modell liegt in diesem Browser oder neben dieser Seite. Fragen und Bilder verlassen den Browser nie.",
  from: (label, licence) => `Grundmodell: ${label}${licence ? `, Lizenz: ${licence}` : ""}.`,
  access: {
    title: "Der Hub fragt, wer Sie sind",
    why: (model) =>
      `Er gibt ${model} nur an Konten, die es lesen dürfen, und braucht dafür ein Zugriffstoken von Ihnen.`,
    refused: (model) =>
      `Mit diesem Token gibt der Hub ${model} nicht her: Es ist ungültig, oder sein Konto ist nicht zugelassen.`,
    terms: "Hat das Modell Bedingungen, dann stimmen Sie ihnen erst auf seiner Seite zu:",
    token: "Zugriffstoken",
    hint: (hub) =>
      `Eines, das nur lesen darf, genügt. Es geht nur an ${hub}, wird nirgends gespeichert und ist mit dieser Seite vergessen.`,
    missing: "Geben Sie erst ein Zugriffstoken ein: einfache Buchstaben, Ziffern und Zeichen, ohne Leerzeichen.",
    go: "Mit diesem Token weiter",
  },
  asking: "Es wird nachgesehen, was zu laden ist …",
  load: "Modell laden",
  loading: "Das Modell wird geladen",
  progress: (share, left) => `${share}${left ? `, noch ${left}` : ""}`,
  stop: "Anhalten",
  again: "Noch einmal versuchen",
  examples: "Zum Ausprobieren",
  conversation: "Gespräch",
  message: "Ihre Frage",
  attach: "Bild hinzufügen",
  remove: (name) => `${name} wegnehmen`,
  pictureOf: (name) => `Bild ${name}`,
  send: "Fragen",
  noQuestion: "Schreiben Sie erst eine Frage.",
  busy: "Die Antwort wird noch geschrieben.",
  anew: "Neues Gespräch",
  adapter: "Mit dem Adapter antworten",
  thinking: "Schaut hin …",
  stopped: "Angehalten.",
  cut: "Abgeschnitten: Sie war zu lang geworden.",
  licences: "Lizenzen",
  newer: "Eine neuere Fassung dieser Seite ist da.",
  reload: "Neu laden",
  offline: "Diese Seite geht jetzt auch ohne Netz.",
  missing: (path) => `${path} konnte nicht geladen werden.`,
  missingRemedy:
    "Prüfen Sie die Verbindung und laden Sie neu; wer die Seite gemacht hat, muss alle ihre Dateien bereitstellen.",
  made: "Gemacht mit TabTune: trainiert und ausgeführt im Browser.",
};
