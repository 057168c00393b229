/** Der Ort Modell: wählen, laden, Selbsttest, Einstellungen des Ladens. */
import type { Words } from "../en/index.ts";
import { counted, rows } from "./count.ts";

export const model: Words["model"] = {
  lead: "Womit Sie beginnen. Es bleibt, wie es ist, in 4 Bit gepackt auf Ihrer Grafikkarte; ein kleiner Adapter daneben lernt.",
  choose: {
    label: "Modell",
    embedded: (name, parameters) => `${name} (${parameters} Parameter, in dieser Seite enthalten)`,
    listed: (name, parameters, size) => `${name} (${parameters} Parameter, ${size} herunterzuladen)`,
    best: ", der beste Anfang",
    other: "Ein anderes Modell des Hubs…",
    folder: "Modellordner wählen",
    load: "Modell laden",
    groups: {
      fits: "Für die meisten Grafikkarten",
      tight: "Für Grafikkarten ab 8 GB",
      "too-large": "Mehr, als ein Tab wohl bekommt",
    },
  },
  busy: "Gerade wird ein Modell geladen.",
  running: "Mit diesem Modell ist ein Lauf im Gange: beenden und speichern Sie ihn zuerst.",
  looking: "Eine Grafikkarte wird gesucht.",
  cannot: "Dieser Browser kann nicht trainieren.",
  lastTime: (label, data, isFolder) => {
    const what = data ? `${label} mit ${rows(data.rows)} aus ${data.label}` : label;
    const how = isFolder ? "Wählen Sie diesen Modellordner noch einmal; „Modell laden“ fährt" : "„Modell laden“ fährt";
    return `Beim letzten Mal: ${what}. ${how} dort fort, wo Sie waren.`;
  },
  first: {
    own: "Ihre eigenen Bilder brauchen ein anderes Modell:",
    photographs: "Für Fotos:",
    best: "ist der beste Anfang.",
    choose: (name) => `${name} wählen`,
    takes: (memory, isCommon, fetched, work) =>
      `Es trainiert in ${memory} Grafikspeicher, ${isCommon ? "den die meisten Grafikkarten haben" : "den nicht jede Grafikkarte hat"}, holt ${fetched}, und eine Zeile kostet ${work}.`,
    noRoom: (size, left) => `Von den ${size}, die es zum Aufbewahren braucht, hat dieser Browser noch ${left}.`,
    software:
      "Hier wurde keine Grafikkarte gefunden: Auf dem Prozessor ist es langsam, und das Demomodell der schnellere Anfang.",
  },
  goodFor: {
    "HuggingFaceTB/SmolVLM-256M-Instruct": "Für Fotos, klein und schnell, auch für Grafik im Prozessor.",
    "HuggingFaceTB/SmolVLM-500M-Instruct": "Für Fotos, klein, auch für Grafik im Prozessor.",
    "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": "Für Fotos, klein; keine Videos.",
    "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": "Für Fotos, klein und schnell; keine Videos.",
    "llava-hf/llava-interleave-qwen-0.5b-hf": "Für Fotos, mehrere in einer Zeile.",
    "bczhou/tiny-llava-v1-hf": "Für Fotos.",
    "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": "Für große Fotos in bis zu 37 Kacheln, oder mehrere in einer Zeile.",
    "HuggingFaceTB/SmolVLM-Instruct": "Für Fotos und Dokumente.",
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": "Für Fotos und Dokumente; keine Videos.",
    "llava-hf/llava-1.5-7b-hf": "Für Fotos.",
    "xtuner/llava-llama-3-8b-v1_1-transformers": "Für Fotos.",
    "llava-hf/llava-v1.6-vicuna-7b-hf": "Für große Fotos in Kacheln.",
    "llava-hf/llava-v1.6-mistral-7b-hf": "Für große Fotos in Kacheln.",
    "llava-hf/llava-1.5-13b-hf": "Für Fotos.",
    "Qwen/Qwen3-VL-2B-Instruct": "Für Dokumente, Belege und Orte in Bildern jeder Form.",
    "Qwen/Qwen3-VL-4B-Instruct": "Für Dokumente, Belege und Orte in Bildern jeder Form; größer.",
  },
  about: {
    costs: ({ fetched, kept, gpu, training, work }) =>
      `${fetched} herunterzuladen, ${kept} in diesem Browser aufbewahrt, ${gpu} auf der Grafikkarte und ${training} während des Trainings mit der Vorgabe Practical, ${work} je Zeile.`,
    licence: (name) => `Lizenz ${name};`,
    card: "Modellkarte",
    agree: "Ohne Ihr Ja wird nichts geholt.",
    shapes: (layers, width, side, tokens) =>
      `${layers} Schichten zu ${width}, Bilder ${side} × ${side} als ${tokens} Token.`,
    freeShapes: (layers, width, side, most) =>
      `${layers} Schichten zu ${width}, ein Token für je ${side} × ${side} Pixel eines Bildes, höchstens ${most}.`,
    longRows: (picture, row) =>
      `Seine größten Bilder brauchen ${picture} Token: Die Vorgabe Practical erlaubt einer Zeile ${row}.`,
    demo: "Das Demomodell ist winzig: Es kennt 128 flache Symbole auf einfarbigem Grund und keine Fotos. Wählen Sie für Fotos ein anderes Modell.",
  },
  status: {
    ready: (label, parameters, memory, isCached) =>
      `${label} ist bereit: ${parameters} Parameter, ${memory} auf der Grafikkarte${isCached ? ", aus dem Zwischenspeicher dieses Browsers" : ""}.`,
    readying:
      "Seine Kernel werden hier geprüft und übersetzt, damit ein Lauf sofort beginnen kann; machen Sie inzwischen weiter.",
    none: "Kein Modell ist geladen.",
    stillLoaded: (label) => `${label} ist weiterhin geladen.`,
  },
  bars: {
    phases: {
      asking: "Der Hub wird gefragt",
      reading: "Gewichte werden gelesen",
      quantising: "Gewichte werden in 4 Bit gepackt",
      uploading: "Gewichte gehen auf die Grafikkarte",
    },
    fetched: "Geholt",
    prepared: "Vorbereitet",
    speed: (done, total, aSecond) => `${done} von ${total}, ${aSecond}/s`,
    left: (time) => `noch ${time}`,
    asking: "Zuerst wird gefragt, was das Modell kostet; noch wird kein Gewicht geholt.",
    stopAsking: "Nicht weiter fragen",
    pause: "Herunterladen anhalten",
    stop: "Laden abbrechen",
    kept: "Was vorbereitet ist, bleibt hier: „Modell laden“ fährt dort fort, auch nach einem Neuladen der Seite.",
  },
  offer: {
    label: "Herunterladen",
    at: "im Stand",
    is: (parameters, licence) => `${parameters} Parameter, ${licence ? `Lizenz ${licence}` : "keine Lizenz genannt"}.`,
    takes: (kept, gpu, training) =>
      `${kept} werden in diesem Browser aufbewahrt, ${gpu} gehen auf die Grafikkarte; das Training mit der Vorgabe Practical braucht ${training} Grafikspeicher und`,
    fits: {
      fits: "sollte auf diese Grafikkarte passen.",
      tight: "wird auf vielen Grafikkarten knapp.",
      "too-large": "passt nicht.",
    },
    lacks: (size) =>
      `Diesem Browser fehlen ${size} Platz, um es aufzubewahren: Das Modell wird gehen, muss aber beim nächsten Mal neu heruntergeladen werden. Platz schafft, wer unter „Speicher“ alte Läufe und Modelle löscht oder auf der Festplatte aufräumt.`,
    running: "Ein Lauf ist im Gange: beenden und speichern Sie ihn zuerst.",
    download: (size) => `${size} herunterladen`,
    no: "Nein, danke",
  },
  hub: {
    name: "Name auf dem Hub",
    nameHint: "konto/name, konto/name@revision oder die Adresse",
  },
  loading: {
    title: "Einstellungen des Ladens",
    format: "4-Bit-Format",
    formatHint: "FP4 nimmt bitsandbytes, wo nichts gesagt ist",
    noFormat: "keines: alles wie im Checkpoint",
    modules: {
      vision_tower: { label: "Bildturm (vision tower)", hint: "4 Bit brauchen ein Drittel des Speichers" },
      multi_modal_projector: { label: "Projektor", hint: "klein: 4 Bit sparen wenig" },
    },
    whole: "wie im Checkpoint",
    packed: "in 4 Bit: weniger Speicher",
    double: "Doppelte Quantisierung",
    doubleHint: "rundet die Skalen wie bitsandbytes; spart hier keinen Speicher",
    off: "aus",
    on: "an",
    tiles: "Kacheln eines Bildes, höchstens",
    tilesHint: "weniger Kacheln, weniger Token",
    asModel: "wie das Modell es hat",
    pictures: "Bilder von SmolVLM",
    picturesHint: "Kacheln zeigen Kleines und kosten ein Vielfaches",
    inOne: "ganz, in einer Kachel",
    inTiles: "in Kacheln geschnitten",
    longest: "Längere Seite der Bilder von SmolVLM",
    longestHint: "weniger ergibt weniger Kacheln",
    pixels: (n) => counted(n, { one: "Pixel", other: "Pixel" }),
    largest: "Bilder von Qwen3-VL, höchstens",
    largestHint: "größere werden auf so viele Pixel verkleinert; kleine Schrift braucht mehr",
    smallest: "Bilder von Qwen3-VL, mindestens",
    smallestHint: "kleinere werden auf so viele Pixel vergrößert",
    pictureTokens: (side, tokens) => `${side} × ${side}: ${counted(tokens, { one: "Token", other: "Token" })}`,
    cost: {
      most: (tokens, time) => `Ein Bild kostet höchstens ${tokens} Token${time}.`,
      least: (tokens, time) => `Eines kostet mindestens ${tokens}${time}.`,
      unlimited:
        "Ein Bild kostet so viele Token, wie die Dateien des Modells erlauben; die von Qwen3-VL erlauben 16.384.",
      time: (seconds) => `, und eine Zeile damit ${seconds} Training, wenn es zum ersten Mal gesehen wird`,
      about: (seconds) => `etwa ${seconds}`,
      between: (least, most) => `${least} bis ${most}`,
      measured: "Nach der Geschwindigkeit, die auf diesem Gerät gemessen wurde.",
      expected: "Von einem solchen Gerät erwartet, nicht gemessen.",
      unknown: "Wie lange das dauert, steht hier, sobald das Modell geladen ist.",
    },
  },
  selfTest: {
    before: "Vor dem ersten Lauf werden die Kernel auf dieser Grafikkarte geprüft.",
    wrong: (ops) => `Diese Grafikkarte berechnet ${ops} falsch: Training ist nicht möglich.`,
    agree: (right, of, worst, limit) =>
      `${right === of ? "Alle" : `${right} von`} ${of} Ergebnisse${right === of ? "" : "n"} des Selbsttests stimmen mit dem Prozessor überein: größter Fehler ${worst}, erlaubt ist ${limit}.`,
    unused: (ops) => `Nichts hier verwendet, was diese Grafikkarte falsch berechnet: ${ops}.`,
    without: (ops) => `Schnellere Kernel, die nicht übereinstimmten und nicht verwendet werden: ${ops}.`,
    report: "Bericht herunterladen",
  },
};
