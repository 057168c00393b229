/** Pieces that places share: errors, progress, galleries. */
import { counted } from "./count.ts";

const heldOut = (n: number): string => counted(n, { one: "held-out row", other: "held-out rows" });

export const parts = {
  dismiss: "Dismiss",
  done: "Done.",
  nameForReports: "Its name for reports",
  pager: {
    first: (what: string) => `These are the first ${what}.`,
    last: (what: string) => `These are the last ${what}.`,
    previous: (what: string) => `Previous ${what}`,
    next: (what: string) => `Next ${what}`,
    at: (page: number, of: number) => `${page} of ${of}`,
  },
  gallery: {
    label: "Answers of held-out rows",
    box: "Answers, and how they are judged",
    pictureOf: (row: number) => `Picture of row ${row}`,
    noQuestion: "no question",
    rightAnswer: "right answer",
    noneInWords: "none in words",
    nothing: "nothing",
    cut: "cut: it went on",
    when: (step: number) => (step === 0 ? "before the first step" : `after step ${step}`),
    shown: (when: string) => `Answers ${when}`,
    step: "Step of the answers",
    worstFirst: "Worst first",
    download: "Download answers",
    showAll: (n: number) => `Show all ${n} rows`,
    marks: {
      unread: "the row could not be read",
      notJudged: "not judged",
      right: "right",
      wrong: "wrong",
      partly: (share: string) => `${share} right`,
    },
    tally: (right: number, of: number) => `${right} of ${of} right`,
    tallyPartly: (right: number, of: number, mean: string, partly: number) =>
      `${right} of ${of} right (${mean} with ${partly} partly right)`,
    judged: (n: number, metric: string, what: string) => `${heldOut(n)}, judged by ${metric}: ${what}.`,
    noJudge: (n: number) => `${heldOut(n)}; no row has a right answer to judge by.`,
  },
  boxes: {
    toggle: "Boxes on pictures",
    list: "Boxes",
    kinds: { right: "right", given: "given" },
    nameless: "a box without a name",
    box: (kind: string, label: string, left: string, right: string, top: string, bottom: string) =>
      `${kind}: ${label}, from ${left} to ${right} of the width and from ${top} to ${bottom} of the height`,
  },
  /** How a model is loaded; settings that can be chosen have their names in `model.loading`. */
  loading: { language_model: "Language model", packed: "in 4 bits", noFormat: "none" },
};
