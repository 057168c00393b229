/** Anwenden: viele Bilder beantwortet. */
import type { Words } from "../en/index.ts";
import { counted, rows } from "./count.ts";

const rowsOf = (n: number): string => counted(n, { one: "Zeile", other: "Zeilen" });
const answers = (n: number): string => counted(n, { one: "Antwort", other: "Antworten" });

export const apply: Words["apply"] = {
  title: "Anwenden",
  lead: "Lassen Sie viele Zeilen beantworten, vom Basismodell oder mit einem Adapter, und sehen Sie, wie richtig die Antworten sind.",
  obstacles: {
    noModel: "Laden Sie zuerst ein Modell.",
    preparing: "Zeilen werden vorbereitet: Warten Sie, bis sie fertig sind.",
    training: "Halten Sie das Training an, um Zeilen beantworten zu lassen.",
    paused: "Beenden Sie das Training, um mit einem Adapter antworten zu lassen.",
    going: "Es werden gerade Zeilen beantwortet: Halten Sie das zuerst an, oder beenden Sie es.",
    chatting: "Im Gespräch wird gerade eine Antwort geschrieben.",
    noRows: "Es gibt keine Zeilen: Wählen Sie Daten, oder Dateien zum Beantworten.",
    noLength: "Schreiben Sie, wie viele Token eine Antwort haben darf: eine ganze Zahl ab 1.",
    elsewhere: "Die Zeilen werden gerade in einem anderen Tab beantwortet.",
    otherModel: (label) => `Laden Sie zuerst ${label}.`,
    ending: "Es wird gerade angehalten.",
    shown: "Er wird schon gezeigt.",
    noAnswer: "Es gibt noch keine Antwort.",
  },
  errors: {
    noRows: "Es gibt keine Zeilen zu beantworten.",
    noRowsRemedy: "Wählen Sie zuerst Daten oder Dateien.",
    diedRemedy: "Laden Sie das Modell erneut, und setzen Sie dann das Beantworten fort.",
    diedSafe: "Die Antworten bis hierher bleiben.",
  },
  form: {
    rows: "Zeilen",
    allUnknown: "alle der Daten (noch keine)",
    all: (n) => `alle der Daten (${n})`,
    heldOut: "zurückgehaltene Zeilen der Daten",
    heldOutCounted: (n) => `zurückgehaltene Zeilen der Daten (${n})`,
    heldOutOf: (run, step) => `zurückgehaltene Zeilen von ${run}, Schritt ${step}`,
    otherFiles: "andere Dateien …",
    files: (label, n) => `${label} (${n})`,
    by: "Antworten von",
    base: "Basismodell",
    run: (title, step) => `${title}, Schritt ${step}`,
    question: "Eine Frage für alle",
    questionHint: "leer: die eigene jeder Zeile, von einem Gespräch die letzte",
    longest: "Längste Antwort",
    longestHint: "in Token",
    start: "Beantworten lassen",
  },
  files: {
    pick: "Dateien zum Beantworten",
    pickFolder: "Ordner zum Beantworten",
    drop: "oder legen Sie sie hier ab; Zeilen ohne Antwort sind willkommen",
    preparing: "Zeilen werden vorbereitet.",
    ready: (n) => `Zeilen werden vorbereitet: ${n} fertig`,
    waiting: "Laden Sie ein Modell: Es sagt, wie diese Dateien vorbereitet werden.",
    found: (label, format, n, skipped) =>
      `${label} (${format}): ${rows(n)} zu beantworten${skipped > 0 ? `, ${skipped} nicht möglich` : ""}.`,
    notes: "Hinweise zu den Dateien",
    ofJob: "Das sind die Zeilen eines Auftrags, der nicht zu Ende ist: Er lässt sich fortsetzen.",
    changed: (label) =>
      `Das sind nicht die Dateien, mit denen ein Auftrag zu ${label} begonnen wurde: Sie haben sich geändert, oder werden anders gelesen. Jener Auftrag bleibt; für diese braucht es einen neuen.`,
  },
  job: {
    none: "Es wurden noch keine Zeilen beantwortet.",
    progress: "Beantwortete Zeilen",
    answered: (n, of, failed) => `${n} von ${rowsOf(of)} beantwortet${failed > 0 ? `, ${failed} nicht möglich` : ""}`,
    stopping: (at) => `Wird angehalten. ${at}.`,
    left: (at, time) => `${at}, noch etwa ${time}.`,
    ends: { open: "Angehalten: ", stopped: "Beendet: ", done: "Fertig: ", elsewhere: "In einem anderen Tab: " },
    pausedByOther:
      "Das Beantworten wurde angehalten, weil das Modell für etwas anderes gebraucht wurde: das Gespräch, ein Training oder ein anderes Modell.",
    base: (model) => `Basismodell (${model})`,
    adapter: (label, step) => `Adapter von ${label} bei Schritt ${step}`,
    which: { all: "alle Zeilen von", "held out": "zurückgehaltene Zeilen von", files: "Zeilen von" },
    title: (which, data, speaker) => `${which} ${data}; es antwortet: ${speaker}`,
    asked: (question, most) =>
      `${question ? `Alle wurden gefragt: „${question}“` : "Zu jeder wurde ihre eigene Frage gestellt"}, mit höchstens ${most} Token Antwort.`,
    pause: "Beantworten anhalten",
    stop: "Beantworten beenden",
    resume: "Beantworten fortsetzen",
  },
  jobs: {
    kept: (n) =>
      counted(n, {
        one: "Auftrag ist in diesem Browser gespeichert",
        other: "Aufträge sind in diesem Browser gespeichert",
      }),
    label: "Aufträge",
    show: "Zeigen",
    showLabel: (title) => `Zeigen: ${title}`,
    delete: "Löschen",
    deleteLabel: (title) => `Löschen: ${title}`,
    confirm: (n, title) => `${answers(n)} aus diesem Browser löschen (${title})?`,
  },
  results: {
    on: (n) => `Gemessen an ${counted(n, { one: "Zeile", other: "Zeilen" })} mit richtiger Antwort.`,
    is: (metric, what) => `${metric}: ${what}.`,
    metric: "Metrik",
    found: (metric) => `gefunden: ${metric}`,
    fits: "die passende",
    notes: "Hinweise zu den Antworten",
    cut: (n, most) =>
      `${answers(n)} ${n === 1 ? "wurde" : "wurden"} bei ${most} Token abgeschnitten, oder wo das Modell keinen Platz mehr hat: In einem neuen Auftrag darf eine Antwort länger sein.`,
    unanswered: (n, skipped) =>
      `${rows(n)} ${n === 1 ? "konnte" : "konnten"} nicht beantwortet werden${skipped > 0 ? ` (davon ${skipped} nicht gelesen oder vorbereitet)` : ""}: Wählen Sie „nicht beantwortet“, um zu sehen, wo und warum.`,
    emptyRight: (n) =>
      `${counted(n, { one: "Zeile hat eine leere richtige Antwort und wird", other: "Zeilen haben eine leere richtige Antwort und werden" })} nicht gemessen.`,
    manyClasses: "Es sind zu viele verschiedene richtige Antworten für eine Tabelle, welche für welche genommen wurde.",
    noRight: "Keine Zeile hat eine richtige Antwort, also wird nichts gemessen.",
    csv: "Antworten als CSV",
    jsonl: "Antworten als JSON-Zeilen",
  },
  answers: {
    shown: "Gezeigte Antworten",
    filters: {
      all: "alle Zeilen",
      wrong: "falsche Antworten, die schlechtesten zuerst",
      cut: "abgeschnitten",
      unanswered: "nicht beantwortet",
    },
    empty: {
      all: "Es gibt noch keine Antwort.",
      wrong: "Keine Antwort ist falsch.",
      cut: "Keine Antwort wurde abgeschnitten.",
      unanswered: "Jede Zeile bis hierher hat eine Antwort.",
    },
    scroll: "Zeilen mit ihren Antworten",
    table: "Antworten",
    columns: {
      picture: "Bild",
      question: "Frage",
      answer: "Antwort",
      right: "Richtige Antwort",
      score: "Wertung",
    },
    pictureOf: (row) => `Bild von Zeile ${row}`,
    more: (n) => `und ${n} weitere`,
    nothing: "nichts",
    cutOff: "abgeschnitten",
    pager: "Antworten",
  },
  beside: {
    label: "Neben einem anderen Auftrag über dieselben Zeilen",
    none: "keiner",
    option: (speaker, question, time) => `${speaker}${question ? `, gefragt „${question}“` : ""}, ${time}`,
    nothing: "Keine Zeile, die beide beantwortet haben, hat eine richtige Antwort: Es gibt nichts zu vergleichen.",
    table: "Aufträge nebeneinander",
    difference: "Unterschied",
    over: (n) => `Über ${rows(n)}, die beide beantwortet haben.`,
    second: (better, equal, worse) =>
      `Der zweite ist bei ${rows(better)} besser, bei ${equal} gleich und bei ${worse} schlechter.`,
  },
  confusions: {
    title: "Welche Antwort für welche gegeben wurde",
    table: "Verwechslungen",
    right: "Richtige Antwort",
    other: "keine davon",
  },
};
