/** Was die Seite von ihren Workern sagt, wenn einer abstürzt oder hängt. */
import type { ErrorCode } from "../../../workers/errors.ts";
import type { Words } from "../en/index.ts";

const names = {
  engine: "Der Teil, der trainiert,",
  reader: "Der Teil, der Daten liest,",
  hub: "Der Teil, der mit dem Hub spricht,",
};

/** Die Sätze der Worker sind englisch, wie in Protokollen und auf der Befehlszeile: Davor steht auf Deutsch, worum es geht. */
const kinds: Partial<Record<ErrorCode, string>> = {
  "bad-argument": "Das geht gerade nicht.",
  "bad-recipe": "An den Einstellungen stimmt etwas nicht.",
  "not-a-checkpoint": "Das ist kein Modell, das die Seite lesen kann.",
  "missing-file": "Eine Datei fehlt.",
  network: "Aus dem Netz kam nicht, was gebraucht wird.",
  "no-access": "Der Zugang wird verweigert.",
  "bad-safetensors": "Eine Datei mit Gewichten ist beschädigt.",
  "missing-tensor": "Dem Modell fehlt ein Teil seiner Gewichte.",
  "bad-tensor": "Ein Teil der Gewichte ist nicht, wie er sein muss.",
  "unsupported-model": "Dieses Modell kann die Seite nicht trainieren.",
  "bad-tokenizer": "Die Dateien des Tokenizers lassen sich nicht lesen.",
  "bad-dataset": "Die Daten lassen sich so nicht lesen.",
  "bad-row": "Eine Zeile lässt sich so nicht lesen.",
  "bad-image": "Ein Bild lässt sich nicht lesen.",
  "image-too-large": "Ein Bild ist zu groß.",
  "row-too-long": "Eine Zeile ist zu lang.",
  "no-rows": "Es bleibt keine Zeile zum Trainieren.",
  "no-files": "Die Dateien werden noch einmal gebraucht.",
  "no-webgpu": "Dieser Browser bietet kein WebGPU.",
  "unsupported-gpu": "Diese Grafikkarte reicht dafür nicht.",
  "device-lost": "Die Grafikkarte ist ausgefallen.",
  "gpu-withheld": "Der Browser gibt die Grafikkarte gerade nicht her.",
  "out-of-memory": "Der Speicher der Grafikkarte reicht nicht.",
  "gpu-error": "Die Grafikkarte meldet einen Fehler.",
  "wrong-numbers": "Die Grafikkarte rechnet nicht mehr richtig.",
  "non-finite-loss": "Der Fehlerwert ist keine Zahl mehr.",
  "storage-full": "Der Platz dieses Browsers ist voll.",
  "storage-gone": "Der Browser hat den Speicher dieser Seite geleert.",
  "storage-upgraded": "Ein anderer Tab mit einer neueren Fassung der Seite hat den Speicher übernommen.",
  "bad-checkpoint": "Ein gespeicherter Stand ist beschädigt.",
  "run-locked": "Dieser Lauf gehört gerade einem anderen Tab.",
  "bad-adapter": "Dieser Adapter passt hier nicht.",
  "worker-died": "Ein Teil der Seite ist ausgefallen.",
  internal: "In der Seite selbst ist etwas schiefgegangen.",
};

export const workers: Words["workers"] = {
  kind: (code) => kinds[code] ?? "",
  stopped: (worker, why) => `${names[worker]} ist ausgefallen: ${why}`,
  unread: (worker) => `${names[worker]} ist ausgefallen: Eine Nachricht war nicht zu lesen.`,
  missing: (worker) =>
    `${names[worker]} ließ sich nicht starten: Sein Programm ist nicht dort, wo diese Seite es sucht.`,
  partGone:
    "Ein Teil der Seite ließ sich nicht holen: Er ist nicht dort, wo diese Seite ihn sucht, oder es gibt kein Netz.",
  reload: "Laden Sie die Seite neu: Wahrscheinlich gibt es eine neuere Fassung.",
  again: "Versuchen Sie es noch einmal.",
  untouched: "Gespeicherte Läufe sind unberührt.",
  silent: "Der Teil, der trainiert, hat seit einer Minute nicht geantwortet.",
  loadAgain: "Laden Sie das Modell noch einmal, und setzen Sie dann den Lauf fort.",
  saved: "Alles bis zum letzten Zwischenstand ist gespeichert.",
  withheld:
    "Die Grafikkarte ist zweimal kurz hintereinander ausgefallen; der Browser gibt sie etwa zwei Minuten lang keiner Seite.",
  withheldWait:
    "Laden Sie die Seite neu (F5): Dann gibt der Browser sie sofort zurück, und der Lauf geht von selbst weiter. Warten geht auch: Die Seite fragt alle 10 Sekunden und macht weiter, sobald sie kann.",
  withheldStill: "Der Browser hat die Grafikkarte seit drei Minuten nicht zurückgegeben.",
  restart: "Schließen Sie alle Fenster des Browsers, öffnen Sie diese Seite wieder, und setzen Sie den Lauf fort.",
  wentOn: "Die Grafikkarte war eine Weile weg; der Lauf ging von selbst beim letzten gespeicherten Stand weiter.",
  reading: "das Lesen der Dateien",
  leaveOut: (place) => `Lassen Sie weg, was nach ${place} kommt, und legen Sie den Rest noch einmal ab.`,
  otherFiles: "Versuchen Sie es mit anderen Dateien.",
  cancelled: "Das Lesen wurde abgebrochen.",
  dropAgain: "Legen Sie die Dateien wieder ab, wann Sie möchten.",
};
