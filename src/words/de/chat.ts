/** Das Gespräch: in einer Spalte oder zweien. */
import type { Words } from "../en/index.ts";
import { counted } from "./count.ts";

const tokens = (n: number): string => counted(n, { one: "Token", other: "Token" });
const votes = (n: number): string => counted(n, { one: "Stimme", other: "Stimmen" });

export const chat: Words["chat"] = {
  title: "Gespräch",
  lead: "Fragen Sie das Modell etwas zu einem Bild, mit und ohne das Gelernte.",
  conversation: "Verlauf",
  toEnd: "Zu den neuesten Worten",
  sideBySide: "Nebeneinander",
  obstacles: {
    noModel: "Laden Sie zuerst ein Modell.",
    training: "Halten Sie das Training an, um zu fragen.",
    busy: "Es wird gerade eine Antwort geschrieben.",
    alone:
      "Es gibt keinen Adapter, mit dem sich das Basismodell vergleichen ließe: Trainieren Sie einen, oder fügen Sie unter Läufe einen hinzu.",
    same: "Wählen Sie zwei verschiedene.",
    paused:
      "Während ein Lauf angehalten ist, können nur das Basismodell und dieser Lauf in seinem jetzigen Stand antworten: Beenden Sie ihn zuerst.",
  },
  empty: {
    noModel: "Laden Sie ein Modell, um mit ihm zu sprechen.",
    noPicture: "Hängen Sie ein Bild an, legen Sie es hier ab oder fügen Sie es ein, und fragen Sie dazu.",
    attached: "Fragen Sie jetzt.",
    fromData: "Oder beginnen Sie mit einer Frage aus Ihren Daten:",
    fromHeldOut: "Oder beginnen Sie mit einer zurückgehaltenen Frage Ihrer Daten, auf der kein Lauf trainiert:",
    questions: "Fragen aus den Daten",
    question: (row, question, n) =>
      `Zeile ${row} fragen: ${[question, counted(n, { one: "Bild", other: "Bilder" })].filter(Boolean).join(", ")}`,
    noWords: "(ein Bild ohne Worte)",
  },
  speakers: {
    base: "Basismodell",
    adapter: (step) => `Adapter, Schritt ${step}`,
    step: (step) => `Schritt ${step}`,
    imported: "wie er kam",
    best: (step) => `bester, Schritt ${step}`,
    last: (step) => `letzter, Schritt ${step}`,
    of: (name, time) => `${name}, vom ${time}`,
  },
  composer: {
    label: "Nachricht",
    attach: "Bild anhängen",
    send: "Senden",
    stop: "Anhalten",
    nothingToStop: "Es wird gerade keine Antwort geschrieben.",
    new: "Neues Gespräch",
    keys: "Enter sendet, Umschalt und Enter machen eine neue Zeile.",
    examples: ["Beschreiben Sie das Bild.", "Was ist zu sehen?", "Welche Farbe hat der Hintergrund?"],
    useAdapter: "Mit Adapter",
    noAdapter: "Es gibt noch keinen Adapter: Trainieren Sie einen, oder nehmen Sie den eines Laufs.",
  },
  pictures: {
    attached: (n) => `Angehängtes Bild ${n}`,
    boxedBy: (name) => `Bild mit den Kästen von ${name}`,
    remove: (name) => `${name} entfernen`,
    several: (n) => `${n} Bilder gehen mit, in dieser Reihenfolge.`,
    leftAside: (names) =>
      `${counted(names.length, { one: "Datei ist kein Bild und wurde", other: "Dateien sind keine Bilder und wurden" })} beiseitegelassen: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}.`,
    samples: "Oder nehmen Sie eines, das das Modell nie gesehen hat:",
    sample: (n) => `Beispielbild ${n}`,
    missing: (name) => `Das Bild ${name} konnte nicht geholt werden.`,
    missingRemedy: "Prüfen Sie, ob der Server noch läuft.",
  },
  turns: {
    you: "Sie:",
    edit: "Ändern",
    editLabel: "Die Frage ändern",
    question: "Frage",
    anew: (later) =>
      later === 0
        ? "Die Antwort darauf wird neu geschrieben."
        : `Die Antwort darauf wird neu geschrieben, und was folgt, entfällt: ${counted(later, { one: "Frage", other: "Fragen" })} mit den Antworten.`,
    noWords: "Es stehen keine Worte da.",
    askAgain: "Neu fragen",
    cancel: "Abbrechen",
    copy: "Kopieren",
    copyLabel: (whose) => `Die Antwort kopieren, ${whose}`,
    copied: "Kopiert.",
    cannotCopy: "Dieser Browser lässt die Seite nicht kopieren: Markieren Sie die Worte selbst.",
    regenerate: "Neu schreiben",
    sameAgain: "Bei Temperatur 0 kommen dieselben Worte wieder.",
    newSeed: "Mit neuem Seed.",
    chosenSeed: "Mit dem Seed, den Sie gewählt haben, kommen dieselben Worte wieder.",
    rightAnswer: "Die Antwort der Daten:",
    continue: "Weiterschreiben",
    before: "Die vorige Antwort bleibt.",
    soFar: "Die Antwort bleibt, so weit sie da ist.",
    cut: (later) =>
      later === 0
        ? ""
        : `Die Frage wurde geändert; ${counted(later, { one: "spätere Frage entfiel", other: "spätere Fragen entfielen" })} mit den Antworten.`,
  },
  footnote: {
    tokens,
    speed: (n, rate) => `${tokens(n)}, ${rate} je Sekunde`,
    ends: {
      eos: "",
      length: ", bei dieser Länge abgeschnitten",
      full: ", abgeschnitten: Das Gespräch ist voll",
      user: ", angehalten",
    },
    change: (seconds) => `; ${seconds} s, um den Adapter einzusetzen`,
    sameAtZero: "; dieselbe wie zuvor: Bei Temperatur 0 wird immer das wahrscheinlichste Wort genommen",
    sameByChance: "; zufällig dieselbe wie zuvor",
    sameBySeed: "; dieselbe wie zuvor: Jede Antwort hat den Seed, den Sie gewählt haben",
    notAsked: "nicht gefragt: angehalten",
    none: "keine Antwort",
  },
  settings: {
    title: "Systemprompt und Wortwahl",
    set: (list) => `Systemprompt und Wortwahl: ${list}`,
    system: "Systemprompt",
    quoted: (text) => `„${text}“`,
    temperature: (value) => `Temperatur ${value}`,
    topP: (value) => `Top-p ${value}`,
    topK: (value) => `Top-k ${value}`,
    seed: (value) => `Seed ${value}`,
    systemHint: "Eröffnet das Gespräch, von der nächsten Antwort an.",
    noSystemRole:
      "Die Chat-Vorlage dieses Modells hat keinen Platz dafür: Die Worte stehen stattdessen vor denen der ersten Frage.",
    temperatureLabel: (value) => `Temperatur ${value}`,
    greedy: "Temperatur (0: immer das wahrscheinlichste Wort)",
    topPLabel: "Top-p",
    topKLabel: "Top-k",
    topKHint: "Gezogen wird nur aus so vielen der wahrscheinlichsten Worte; leer: aus allen.",
    seedLabel: "Seed",
    topPHint: "Gezogen wird nur aus den wahrscheinlichsten Worten, bis ihre Anteile diese Summe ergeben; 1 nimmt alle.",
    seedHint: "Leer: für jede Antwort ein anderer.",
    withoutEffect: "Ohne Wirkung bei Temperatur 0.",
    longest: "Längste Antwort in Token",
    longestHint: "Eine Antwort, die dort abgeschnitten ist, lässt sich weiterschreiben.",
  },
  advice: {
    label: "Rat zu den Antworten",
    allow: (n) => `${n} Token erlauben`,
    warmer: (value) => `Temperatur auf ${value} setzen`,
  },
  sides: {
    names: { left: "Links", right: "Rechts" },
    blind: "Verdeckt: Die Seiten sind gemischt, und die Namen kommen mit der Stimme",
    which: "Welche ist besser?",
    verdicts: { left: "Links", right: "Rechts", equal: "Gleich gut", neither: "Beide schlecht" },
    keeping: "Eine Stimme wird gespeichert.",
    takenBack: "Die Stimme wurde zurückgenommen.",
    revealed: (left, right) => `Links war ${left}, rechts war ${right}.`,
    leftKept: "Die linke Antwort bleibt.",
  },
  votes: {
    title: (n) => `Stimmen (${n})`,
    busy: "Stimmen werden gespeichert oder gelesen.",
    damaged: (n) =>
      `${counted(n, { one: "Stimme kann nicht gelesen werden: Sie ist", other: "Stimmen können nicht gelesen werden: Sie sind" })} beschädigt oder von einer neueren Fassung.`,
    download: "Präferenzzeilen herunterladen",
    downloadHint:
      "Ein Zip für den DPOTrainer von TRL: prompt, chosen, rejected und images. Unentschiedene fehlen darin.",
    saved: (n) => `${counted(n, { one: "Präferenzzeile", other: "Präferenzzeilen" })} gespeichert.`,
    deleteAll: "Alle Stimmen löschen",
    deleteForGood: (n) => `${votes(n)} endgültig löschen`,
    keep: "Behalten",
    delete: "Löschen",
    deleteLabel: (question) => `Die Stimme löschen zu ${question}`,
    more: (n) => `${n} weitere zeigen`,
    tally: (first, second, { preferred, votes: of, equal, neither, blind }) =>
      `${[
        `${first} in ${preferred[0]} von ${of} vorgezogen`,
        `${second} in ${preferred[1]}`,
        ...(equal > 0 ? [`${equal} gleich gut`] : []),
        ...(neither > 0 ? [`${neither} beide schlecht`] : []),
      ].join(", ")}; ${blind === of ? "alle verdeckt" : blind === 0 ? "keine verdeckt" : `${blind} davon verdeckt`}.`,
    aPicture: "ein Bild",
    vote: (question, on, verdict, left, right) =>
      `„${question}“${on > 0 ? ` zu ${counted(on, { one: "Bild", other: "Bildern" })}` : ""}: ${verdict} (links ${left}, rechts ${right})`,
    better: (name) => `${name} besser`,
    equal: "gleich gut",
    neither: "beide schlecht",
  },
};
