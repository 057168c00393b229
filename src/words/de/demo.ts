/** Eine eigene Demoseite: die Karte, die sie macht. */
import type { Words } from "../en/index.ts";
import { counted } from "./count.ts";

export const demo: Words["demo"] = {
  title: "Eine Demoseite machen",
  help: "Eine kleine Seite mit einem Chat und sonst nichts, für Leute, die von dieser Seite nie gehört haben: Sie läuft in deren Browser, auch auf dem Telefon, und nach dem ersten Besuch ohne Netz.",
  name: "Titel",
  base: "Grundmodell auf dem Hub",
  baseForm: "konto/name",
  baseHelp: "Besucher laden es von dort, in der Revision, die es jetzt hat.",
  restricted: (model) =>
    `Der Hub gibt ${model} nur an Konten, die es lesen dürfen: Die Seite fragt jeden Besucher nach einem eigenen Zugriffstoken. Ihres ist nicht darin.`,
  inside: "Das Demomodell ist klein: Es kommt mit in die Seite.",
  licences: "Hinweise zu Lizenzen",
  licenceOf: (model, licence) => `Grundmodell ${model}: ${licence}.`,
  demoLicence: "Demomodell und Bilder der Demo: MIT (Fluent Emoji).",
  examples: "Beispiele",
  question: (n) => `Frage ${n}`,
  picture: (n) => `Bild zu Frage ${n}`,
  remove: (n) => `Frage ${n} wegnehmen`,
  fromData: "Fragen der Daten nehmen",
  noData: "Von den Daten, die hier offen sind, gibt es keine weiteren Fragen.",
  add: "Ein Bild hinzufügen, nach dem gefragt wird",
  full: (most) => `${most} Beispiele genügen.`,
  public: "Bilder und Fragen, die hier stehen, sieht jeder, der die Seite öffnet.",
  make: "Seite machen",
  noQuestion: (n) => `Schreiben Sie Frage ${n}, oder nehmen Sie sie weg.`,
  noTitle: "Geben Sie ihr erst einen Titel.",
  noBase: (model) => `Schreiben Sie den Namen, den ${model} auf dem Hub hat.`,
  made: (files, bytes) =>
    `${counted(files, { one: "Datei", other: "Dateien" })}, ${bytes}: alles, was im Zip ist oder an den Hub geht.`,
  list: "Dateien der Demoseite",
  download: "Als Zip herunterladen",
  space: "Name des Space",
  push: "Als Space hochladen",
  noSpace: "Geben Sie dem Space erst einen Namen.",
  stop: "Hochladen anhalten",
  commit: "Demoseite, gemacht mit TabTune",
  errors: {
    noTitle: "Die Demoseite hat keinen Titel.",
    tooMany: (given, most) => `Es sind ${given} Beispiele; eine Demoseite nimmt ${most}.`,
    tooLarge: (name, megabytes, most) => `${name} hat ${megabytes} MB; ein Bild einer Demoseite darf ${most} haben.`,
    change: "Ändern Sie das, und machen Sie die Seite noch einmal.",
    otherModel: (name, model) =>
      `${name} ist nicht das Modell, auf dem dieser Adapter trainiert wurde (${model}): Größen, Tensoren oder Ladeeinstellungen sind andere.`,
    rightModel: "Schreiben Sie Namen und Revision jenes Modells.",
    missing: (path) => `${path} dieser Site konnte nicht geladen werden.`,
    reload: "Prüfen Sie die Verbindung und laden Sie die Seite neu: Vielleicht gibt es eine neuere Fassung.",
    taken: (repo) => `Einen Space ${repo} gibt es schon; er bleibt, wie er ist.`,
    otherName: "Wählen Sie einen anderen Namen.",
    stopped: "Das Hochladen wurde angehalten.",
    pushAgain: "Laden Sie sie hoch, wann Sie wollen.",
    emptyStays: (repo) =>
      `Der Space ${repo} bleibt leer auf dem Hub und kann dort gelöscht werden. Der Adapter ist in diesem Browser sicher.`,
    safe: "Der Adapter ist in diesem Browser sicher.",
  },
};
