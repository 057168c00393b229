/** Was die Seite von ihren beiden Workern sagt, wenn einer abstürzt oder hängt. */
import type { Words } from "../en/index.ts";

const names = { engine: "Der Teil, der trainiert,", reader: "Der Teil, der Daten liest," };

export const workers: Words["workers"] = {
  stopped: (worker, why) => `${names[worker]} ist ausgefallen: ${why}`,
  unread: (worker) => `${names[worker]} ist ausgefallen: Eine Nachricht war nicht zu lesen.`,
  missing: (worker) =>
    `${names[worker]} ließ sich nicht starten: Sein Programm ist nicht dort, wo diese Seite es sucht.`,
  reload: "Laden Sie die Seite neu: Wahrscheinlich gibt es eine neuere Fassung.",
  untouched: "Gespeicherte Läufe sind unberührt.",
  silent: "Der Teil, der trainiert, hat seit einer Minute nicht geantwortet.",
  loadAgain: "Laden Sie das Modell noch einmal, und setzen Sie dann den Lauf fort.",
  saved: "Alles bis zum letzten Zwischenstand ist gespeichert.",
  reading: "das Lesen der Dateien",
  leaveOut: (place) => `Lassen Sie weg, was nach ${place} kommt, und legen Sie den Rest noch einmal ab.`,
  otherFiles: "Versuchen Sie es mit anderen Dateien.",
  cancelled: "Das Lesen wurde abgebrochen.",
  dropAgain: "Legen Sie die Dateien wieder ab, wann Sie möchten.",
};
