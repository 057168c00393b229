/** Das Diagramm der Losses, und wie man es liest. */
import type { Words } from "../en/index.ts";

export const chart: Words["chart"] = {
  loss: "Verlauf des Loss",
  axes: { step: "Schritt", loss: "Loss", right: "Richtige Antworten" },
  lines: "Linien des Diagramms",
  dots: "Loss eines Schritts",
  line: "geglättet",
  heldOut: "zurückgehaltene Zeilen",
  onTheRight: (name) => `${name} (rechts)`,
  best: "Tiefststand der zurückgehaltenen Zeilen",
  checkpoints: "gespeichert",
  resumes: "nach einer Unterbrechung fortgesetzt",
  reader: "Schritt im Diagramm",
  read: "Zeigen Sie auf das Diagramm, oder drücken Sie dort die Pfeiltasten, um einen Schritt abzulesen.",
  step: (step) => `Schritt ${step}`,
  lossIs: (loss) => `Loss ${loss}`,
  heldOutIs: (loss) => `Loss der zurückgehaltenen Zeilen ${loss}`,
  rateIs: (rate) => `Lernrate ${rate}`,
  normIs: (norm) => `Norm der Gradienten ${norm}`,
  saved: "hier gespeichert",
  smoothing: "Glättung",
  logarithmic: "Logarithmisch",
  csv: "Als CSV herunterladen",
  table: "Die Zahlen als Tabelle",
};
