/** Ein Lauf, während er läuft: Stand, Knöpfe, Kurve, Zahlen. */
import type { Words } from "../en/index.ts";
import { counted, stepsOf } from "./count.ts";

export const run: Words["run"] = {
  buttons: {
    start: "Training starten",
    pause: "Anhalten",
    resume: "Fortsetzen",
    resumeStops: "Fortsetzen bricht die Antwort ab, die gerade geschrieben wird.",
    stop: "Beenden und speichern",
    saving: "Ein Checkpoint wird geschrieben.",
  },
  pace: {
    label: "Tempo",
    modes: { "full speed": "Volles Tempo", gentle: "Schonend" },
    hint: "„Schonend“ lässt anderen Programmen die Hälfte der Zeit der Grafikkarte.",
  },
  missing: {
    model: "Laden Sie zuerst ein Modell",
    loading: "Ein Modell wird geladen",
    data: "Wählen Sie zuerst Daten",
    wrong: (field) => `Berichtigen Sie zuerst „${field}“`,
    tooLarge: "Passt nicht",
  },
  status: {
    states: {
      preparing: "Der Lauf wird vorbereitet",
      compiling: "Kernel werden übersetzt",
      evaluating: "Zurückgehaltene Zeilen werden gemessen",
      pausing: "Hält nach diesem Schritt an",
      paused: "Angehalten",
      saving: "Wird gespeichert",
      done: "Fertig",
      stopped: "Beendet und gespeichert",
      failed: "Fehlgeschlagen",
    },
    answering: "Zurückgehaltene Zeilen werden beantwortet",
    measured: (what, n, of) => `${what}, ${n} von ${of}`,
    step: (n, of) => `Schritt ${n} von ${of}`,
    made: (n, of) => `${n} von ${stepsOf(of)}`,
    loss: (loss) => `Loss ${loss}`,
    left: (time) => `noch etwa ${time}`,
    cannotPause: (state) => `${state}: Ein Lauf lässt sich anhalten, während er trainiert.`,
    steps: "Schritte",
    leftOut: (n) =>
      `${counted(n, { one: "Zeile war nicht verwendbar und fehlt", other: "Zeilen waren nicht verwendbar und fehlen" })} in den Batches (siehe die übergangenen Zeilen der Daten).`,
  },
  figures: {
    more: "Weitere Zahlen",
    timeLeft: "Restzeit",
    step: "Schritt",
    loss: "Loss",
    heldOutLoss: "Loss auf zurückgehaltenen Zeilen",
    gradientNorm: "Gradientennorm",
    learningRate: "Lernrate",
    tokensPerSecond: "Token je Sekunde",
    ofAnswers: (name, n) => `${name} von ${counted(n, { one: "Antwort", other: "Antworten" })}`,
  },
  table: { box: "Loss jedes Schritts", label: "Loss-Tabelle" },
  course: {
    ways: { falling: "Fallend", rising: "Steigend", level: "Gleichbleibend" },
    heldOut: "Zurückgehaltene Zeilen",
    once: (what, loss, step) => `${what}: ${loss} bei Schritt ${step}.`,
    from: (what, first, last, lowest, step) =>
      `${what}: ${first} → ${last}, am niedrigsten ${lowest} bei Schritt ${step}.`,
  },
  advice: {
    label: "Rat zum Lauf",
    goesOn: "Der Lauf, der im Gange ist, hat seine Einstellungen: Beenden Sie ihn zuerst.",
    end: "Den Lauf hier beenden",
    download: (step) => `Den von Schritt ${step} herunterladen`,
    trainOn: (step) => `Ab Schritt ${step} weiter trainieren`,
    below: (n) => counted(n, { one: "Rat weiter unten", other: "Ratschläge weiter unten" }),
  },
  files: {
    log: "Log herunterladen",
    recipe: "Rezept herunterladen",
    noRecipe: "Der Lauf wird gerade angelegt: Sein Rezept gibt es mit dem ersten Schritt.",
  },
  answers: {
    title: "Antworten während des Trainings",
    noneHeldOut: "Dieser Lauf hält keine Zeilen zurück, also werden keine beantwortet.",
    picked: (n) => counted(n, { one: "ausgewählte Zeile", other: "ausgewählte Zeilen" }),
    atMost: (n) => `höchstens ${counted(n, { one: "zurückgehaltene Zeile", other: "zurückgehaltene Zeilen" })}`,
    coming: (which) =>
      `Noch keine. Vor dem ersten Schritt, bei jeder Messung und am Ende werden beantwortet: ${which}.`,
    none: "In diesem Lauf wurde keine zurückgehaltene Zeile beantwortet.",
  },
};
