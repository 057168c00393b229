/** Der Ort Daten: ablegen, Spalten, Zeilen, der Hub. */
import type { Words } from "../en/index.ts";
import { counted, listed, rows } from "./count.ts";

const files = (n: number): string => counted(n, { one: "Datei", other: "Dateien" });
const fileWas = (n: number): string => counted(n, { one: "Datei wurde", other: "Dateien wurden" });
const preparing = "Gerade werden Zeilen vorbereitet: Warten Sie, oder drücken Sie „Abbrechen“.";

export const data: Words["data"] = {
  lead: "Legen Sie einen Ordner, ein Zip oder Dateien irgendwo auf dieser Seite ab. Sie bleiben auf diesem Rechner. Oder nennen Sie einen Datensatz des Hubs.",
  sample: "die Beispieldaten",
  files,
  chooseFiles: "Dateien wählen",
  chooseFolder: "Ordner wählen",
  useSample: "Beispieldaten nehmen",
  cancel: "Abbrechen",
  preparing,
  progress: (n) => `Zeilen werden vorbereitet: ${n} fertig`,
  room: (needs, free) => `Alle brauchen etwa ${needs} in diesem Browser, von ${free}, die frei sind.`,
  status: {
    ready: (n) => `${rows(n)} bereit`,
    skipped: (n) => `${n} übergangen`,
    waits: (label) => `Es warten: ${label}. Laden Sie ein Modell: Sein Tokenizer macht daraus Beispiele.`,
    none: "Noch keine Daten.",
    early: "Sie können sie ablegen, bevor das Modell geladen ist.",
    deleted: (label) => `Die Zeilen von ${label} wurden gelöscht.`,
    notHere: (label) => `Die Zeilen von ${label} sind nicht mehr in diesem Browser.`,
    otherModel: (label, model) =>
      `Die Zeilen von ${label} wurden für ${model} vorbereitet: Legen Sie die Dateien noch einmal ab.`,
    kept: (n, label) =>
      n === 1 ? `Die Zeile von ${label} von vorher bleibt.` : `Die ${rows(n)} von ${label} von vorher bleiben.`,
  },
  forms: {
    title: "Was kann ich ablegen?",
    next: "TabTune erkennt die Form, liest jede Zeile und zeigt sie so, wie das Modell sie sehen wird. Zeilen, mit denen es nichts anfangen kann, stehen mit dem Grund in einer Liste. Ihre Dateien bleiben, wie sie sind.",
    also: "Auch tar-Dateien von WebDataset (.tar, .tar.gz), Gespräche mit mehreren Fragen und mehrere Bilder in einer Zeile, und all dies in einem Zip. Was Sie danach ablegen, kommt zum Ersten dazu, wenn Sie das möchten.",
    folders: { title: "Ein Ordner für jede Klasse", how: "Der Name des Ordners ist die Antwort." },
    captions: { title: "Bilder mit Texten", how: "Eine .txt mit demselben Namen sagt, was gelernt werden soll." },
    table: {
      title: "Eine Tabelle mit Fragen und Antworten",
      how: "CSV oder JSON-Zeilen. Bei eigenen Spalten sagen Sie, welche was ist.",
    },
    boxes: {
      title: "Bilder mit Kästen",
      how: "Texte von YOLO wie hier, XML von Pascal VOC, JSON von COCO, oder Kästen in einer Tabelle. Sie werden Antworten, in den Zahlen, die das Modell kennt.",
    },
    metadata: { title: "Ein Ordner wie auf dem Hub", how: "metadata.jsonl oder metadata.csv neben den Bildern." },
    llava: { title: "Das JSON von LLaVA", how: "Gespräche, und die Bilder daneben." },
    parquet: { title: "Parquet-Dateien", how: (name) => `Bilder und Texte in einer Datei, wie in ${name}.` },
    said: {
      cat: "Katze",
      dog: "Hund",
      beach: "Zwei Menschen am Strand.",
      question: "Was ist das?",
      answer: "Ein roter Becher.",
    },
  },
  skipped: {
    show: "Übergangene Zeilen zeigen",
    hide: "Übergangene Zeilen verbergen",
    box: "Übergangene Zeilen und warum",
    table: "Übergangene Zeilen",
    where: "Wo",
    why: "Warum",
    row: "Zeile",
    cut: (shown, all) => `Die ersten ${shown} von ${rows(all)}; die Datei unten hat alle.`,
    download: "Als CSV herunterladen",
  },
  notes: "Hinweise zu den Daten",
  about: (label, format, size) => `${label} (${format}): ${size}`,
  size: {
    all: (tokens, longest, size) =>
      `${tokens} Token mit den Plätzen der Bilder, längste Zeile ${longest}, ${size} in diesem Browser aufbewahrt.`,
    onDemand: (list, prepared, size, budget) =>
      `Zeilen werden vorbereitet, wenn das Training zu ihnen kommt; die Liste aller belegt ${list} in diesem Browser, die ${prepared} vorbereiteten Zeilen ${size} von höchstens ${budget}.`,
  },
  boxes: (unit) =>
    `Kästen in Antworten sind links, oben, rechts, unten ${
      unit === "pixels"
        ? "in Pixeln des Bildes"
        : unit === "resized-pixels"
          ? "in Pixeln des Bildes, wie es für das Modell verkleinert wird"
          : `von 0 bis ${unit.slice(2)} der Breite und Höhe des Bildes`
    }.`,
  heldOut: (n, split) =>
    n === 1
      ? `Auf einer Zeile des Teils ${split} wird nicht trainiert; Läufe lassen sich an ihr messen („Zurückgehaltene Zeilen“ im Rezept).`
      : `Auf ${rows(n)} des Teils ${split} wird nicht trainiert; Läufe lassen sich an ihnen messen („Zurückgehaltene Zeilen“ im Rezept).`,
  download: {
    button: "Als Datensatz herunterladen",
    form: "Parquet, wie es Datensätze des Hubs haben",
    writing: "Die Datei wird geschrieben.",
    written: (n) => `${rows(n)} geschrieben`,
    done: (n, leftOut) =>
      `${rows(n)} geschrieben${leftOut > 0 ? `, ${leftOut} ausgelassen, die nicht lesbar sind` : ""}.`,
  },
  rows: {
    table: "Zeilen",
    box: "Zeilen, wie das Modell sie liest",
    picture: "Bild",
    reads: "Was das Modell liest; auf",
    marked: "markierten",
    trainedOn: "Token wird trainiert",
    tokens: "Token",
    pages: "Zeilen",
    pictureOf: (row) => `Bild der Zeile ${row}`,
    leftOut: "ausgelassen",
    corrected: "berichtigt",
    notUsed: (why) => `Nicht verwendet: ${why}`,
    heldOut: "zurückgehalten, nicht trainiert",
    ownSplit: "vom eigenen Teil der Daten, nicht trainiert",
    edit: "Ändern",
    editOf: (row) => `Zeile ${row} ändern`,
    undoEdit: "Änderung zurücknehmen",
    undoEditOf: (row) => `Die Änderung der Zeile ${row} zurücknehmen`,
    leaveOut: "Auslassen",
    leaveOutOf: (row) => `Zeile ${row} auslassen`,
    takeBack: "Wieder aufnehmen",
    takeBackOf: (row) => `Zeile ${row} wieder aufnehmen`,
    ask: "Im Training fragen",
    asked: "✓ wird im Training gefragt",
    askOf: (row) => `Zeile ${row} im Training fragen`,
    page: "Seite",
    goToPage: "Zur Seite",
    choosePage: (pages) => `Wählen Sie eine Seite von 1 bis ${pages}.`,
    gaveUp: (why) => `Der Leser hat darüber aufgehört zu arbeiten: ${why}`,
  },
  search: {
    open: "Zeilen suchen und ändern",
    words: "Zeilen suchen",
    show: "Zeigen",
    shown: {
      all: "alle Zeilen",
      "held out": "Zeilen, auf denen nicht trainiert wird",
      changed: "geänderte Zeilen",
      "left out": "ausgelassene Zeilen",
      unusable: "Zeilen, die nicht verwendbar sind",
    },
    fewest: "Mindestens so viele Token",
    most: "Höchstens so viele Token",
    all: "Alle Zeilen zeigen",
    searching: (where) => `Wird gesucht, ${where} …`,
    found: (n) => `${n} gefunden.`,
    changes: (leftOut, edited) => {
      const parts = [leftOut > 0 && `${rows(leftOut)} ausgelassen`, edited > 0 && `${rows(edited)} berichtigt`];
      return `${parts.filter(Boolean).join(", ")}: Die Dateien bleiben, wie sie sind.`;
    },
    undoAll: "Alle Änderungen zurücknehmen",
  },
  editor: {
    texts: (row) => `Texte der Zeile ${row}`,
    speakers: { system: "System", user: "Frage", assistant: "Antwort" },
    save: "Texte speichern",
    same: "Nichts wurde geändert.",
    keep: "So lassen, wie es war",
  },
  columns: {
    title: "Welche Spalte ist was?",
    box: "Die ersten Einträge, wie sie geschrieben sind",
    table: "Spalten",
    byName: "Die Spalten werden an ihren Namen erkannt.",
    choice: "an ihrem Namen erkannt",
    roles: {
      images: { label: "Bild", hint: "sein Dateiname, oder das Bild selbst" },
      question: { label: "Frage", hint: "was gefragt wird" },
      answer: { label: "Antwort", hint: "was das Modell zu sagen lernt" },
      label: { label: "Klasse", hint: "ihr Name ist die Antwort, oder der eines Kastens" },
      boxes: { label: "Kästen", hint: "um Dinge auf dem Bild: Sie sind die Antwort" },
      messages: { label: "Gespräch", hint: "eine Liste von Beiträgen, statt der beiden" },
      system: { label: "Systemtext", hint: "steht vor der ersten Frage" },
    },
    rightHint: "was richtig wäre, wo man es weiß",
    from: (role, column) => `${role} aus ${column}`,
    instruction: "Frage für Zeilen ohne eigene",
    instructionHint: "dieselbe für alle",
    instructionExample: "Was ist das?",
    asked: (question) => `Zeilen ohne Frage fragen „${question}“`,
    several: "Mehrere Antworten oder Texte",
    severalHint: "üblich: jeder Text, die häufigste Antwort",
    usual: "wie üblich",
    choices: { each: "jede, als eigene Zeile", "most-frequent": "die häufigste", first: "die erste" },
    boxes: "Kästen in Antworten",
    boxesHint: "üblich: wie der Herausgeber des Modells sie schreibt",
    boxUnits: {
      "0-1000": "0 bis 1000 von Breite und Höhe",
      "0-1": "0 bis 1 von Breite und Höhe",
      pixels: "Pixel des Bildes",
    },
    inBoxes: (unit) => `Kästen in Antworten: ${unit}`,
    boxFormat: "Kästen in den Daten",
    boxFormatHint: "wo die Daten es nicht sagen; üblich: was zu den Bildern passt",
    boxFormats: {
      coco: "links, oben, Breite, Höhe in Pixeln (COCO)",
      pascal_voc: "links, oben, rechts, unten in Pixeln (Pascal VOC)",
      yolo: "Mitte, Breite, Höhe von 0 bis 1 (YOLO)",
      albumentations: "links, oben, rechts, unten von 0 bis 1",
      "cxcywh-pixels": "Mitte, Breite, Höhe in Pixeln",
      "xywh-1": "links, oben, Breite, Höhe von 0 bis 1",
      "xyxy-1000": "links, oben, rechts, unten von 0 bis 1000",
      "yxyx-1000": "oben, links, unten, rechts von 0 bis 1000",
    },
    ofBoxes: (format) => `Kästen in den Daten: ${format}`,
    boxesAlone: "Wie wird nach Kästen gefragt, und wie werden sie geschrieben?",
    readAlone: "So lesen",
    ofSeveral: (which) => `von mehreren Antworten ${which}`,
    chosen: (parts, fromBefore) =>
      `Spalten, wie Sie sie ${fromBefore ? "beim letzten Mal " : ""}gewählt haben: ${parts}.`,
    first: "Die ersten Zeilen, wie das Modell sie lesen wird",
    rows: "Erste Zeilen",
    skipped: (why) => `Übergangen: ${why}`,
    picture: (n, source) => `Bild ${n} von ${source}`,
    notShown: (name) => `${name} (dieser Browser zeigt es nicht)`,
    read: "Mit diesen Spalten lesen",
    same: "Die Zeilen sind schon mit diesen Spalten gelesen: Wählen Sie zuerst andere.",
  },
  drops: {
    roles: {
      picture: (n) => counted(n, { one: "Bild", other: "Bilder" }),
      table: (n) => counted(n, { one: "Tabelle", other: "Tabellen" }),
      text: (n) => counted(n, { one: "Text", other: "Texte" }),
      archive: (n) => counted(n, { one: "Archiv", other: "Archive" }),
      other: (n) => counted(n, { one: "andere Datei", other: "andere Dateien" }),
    },
    question: (dropped, what, isOne, part, before) => {
      const whose = {
        rows: `zu den Zeilen von ${before}`,
        pictures: `zu den Bildern von ${before}`,
        part: `zu ${before}`,
      };
      const which = isOne ? "Gehört das" : "Gehören sie";
      return `Sie haben ${dropped} abgelegt (${what}). ${which} ${whose[part]}, oder ist es ein neuer Datensatz?`;
    },
    add: (before) => `Zu ${before} dazu`,
    apart: "Neuer Datensatz",
    leave: (isOne) => (isOne ? "Nicht nehmen" : "Keine davon nehmen"),
    replaced: (before) =>
      `Diese Dateien treten an die Stelle von ${before}: Legen Sie alle zusammen ab, um auf beiden zu trainieren.`,
    moved: (path) => `${path} ist nicht mehr lesbar: Die Datei wurde nach dem Ablegen verschoben oder geändert.`,
    again: "Legen Sie alle Dateien noch einmal ab.",
    same: (names) =>
      `${fileWas(names.length)} zweimal abgelegt und ${names.length === 1 ? "ist" : "sind"} gleich (${listed(names)}): einmal genommen.`,
    other: (names) =>
      `${fileWas(names.length)} noch einmal mit anderem Inhalt abgelegt (${listed(names)}): Gelesen ${names.length === 1 ? "wird die zuletzt abgelegte" : "werden die zuletzt abgelegten"}.`,
    adapterAdded: (label) => `${label} ist dazugekommen: Sprechen Sie damit, oder trainieren Sie von da aus weiter.`,
  },
  hub: {
    name: "Datensatz des Hubs",
    nameHint: "konto/name@revision:config/split, oder die Adresse",
    rows: "Zeilen davon",
    rowsHint: "die ersten, oder all für alle",
    rowsProblem: "Eine Zahl, oder „all“ für alle.",
    lookUp: "Nachsehen",
    asking: "Der Hub wird gefragt",
    asked: "Der Hub wird gerade gefragt.",
    noName: "Schreiben Sie zuerst den Namen eines Datensatzes.",
    noRows: "Sagen Sie zuerst, wie viele Zeilen.",
    offer: "Vom Hub",
    at: "im Stand",
    uncounted: "Zeilen, die seine Karte nicht zählt,",
    counted: rows,
    is: (what, parquets, size, licence) =>
      `${what} in ${counted(parquets, { one: "Parquet-Datei", other: "Parquet-Dateien" })}, ${size}, ${licence ? `Lizenz ${licence}` : "keine Lizenz genannt"}.`,
    kept: (size) => `${size} davon sind schon in diesem Browser.`,
    cost: (n, much, isAbout, most, budget) => {
      const what = n === undefined ? "alles" : n === 1 ? "die erste Zeile" : `die ersten ${rows(n)}`;
      const size = much === undefined ? `so viel sie brauchen, höchstens ${most}` : isAbout ? `etwa ${much}` : much;
      return `Heruntergeladen ${n === undefined || n === 1 ? "wird" : "werden"}: ${what}, ${size}. Was heruntergeladen ist, bleibt in diesem Browser, bis zu ${budget} über alle Datensätze.`;
    },
    read: (n, much) =>
      `${n === undefined ? "Alle Zeilen" : rows(n)} lesen${much === undefined ? "" : ` (etwa ${much})`}`,
    no: "Nein, danke",
  },
};
