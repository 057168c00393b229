/** Apply: many pictures answered. */
import { counted, rows } from "./count.ts";

const answers = (n: number): string => counted(n, { one: "answer", other: "answers" });
const tokens = (n: number): string => counted(n, { one: "token", other: "tokens" });

export const apply = {
  title: "Apply",
  lead: "Have many rows answered, by the base model or an adapter, and see how right the answers are.",
  obstacles: {
    noModel: "Load a model first.",
    preparing: "Rows are being prepared: wait until they are ready.",
    training: "Pause the training to answer rows.",
    paused: "Stop and save the training to answer with an adapter.",
    going: "Rows are being answered: pause or stop that first.",
    chatting: "An answer is being written in the chat.",
    noRows: "There are no rows: choose data, or files to answer.",
    noLength: "Write how many tokens an answer may have: a whole number from 1 on.",
    elsewhere: "Its rows are being answered in another tab.",
    otherModel: (label: string) => `Load ${label} first.`,
    ending: "It is stopping.",
    shown: "It is on show.",
    noAnswer: "There is no answer yet.",
  },
  errors: {
    noRows: "There are no rows to answer.",
    noRowsRemedy: "Choose data or files first.",
    diedRemedy: "Load the model again, then press Resume answering.",
    diedSafe: "The answers so far are kept.",
  },
  form: {
    rows: "Rows",
    allUnknown: "all of the data (none yet)",
    all: (n: number) => `all of the data (${n})`,
    heldOut: "held-out rows of the data",
    heldOutCounted: (n: number) => `held-out rows of the data (${n})`,
    heldOutOf: (run: string, step: number) => `held-out rows of ${run}, step ${step}`,
    otherFiles: "other files …",
    files: (label: string, n: number) => `${label} (${n})`,
    by: "Answered by",
    base: "the base model",
    run: (title: string, step: number) => `${title}, step ${step}`,
    question: "One question for all",
    questionHint: "empty: each row's own, of a conversation the last",
    longest: "Longest answer",
    longestHint: "tokens",
    start: "Start answering",
  },
  files: {
    pick: "Files to answer",
    pickFolder: "Folder to answer",
    drop: "or drop them here; rows without an answer are welcome",
    preparing: "Rows are being prepared.",
    ready: (n: number) => `Preparing rows: ${n} ready`,
    waiting: "Load a model: it says how these files are prepared.",
    found: (label: string, format: string, n: number, skipped: number) =>
      `${label} (${format}): ${rows(n)} to answer${skipped > 0 ? `, ${skipped} that cannot be` : ""}.`,
    notes: "Notes on the files to answer",
    ofJob: "These are the rows of a job that has not ended: it can go on with Resume answering.",
    changed: (label: string) =>
      `These are not the files that a job of ${label} was begun with: they have changed, or are read in another way. That job is kept; a new one is needed for these.`,
  },
  job: {
    none: "No rows have been answered yet.",
    progress: "Rows answered",
    answered: (n: number, of: number, failed: number) =>
      `${n} of ${rows(of)} answered${failed > 0 ? `, ${failed} could not be` : ""}`,
    stopping: (at: string) => `Stopping. ${at}.`,
    left: (at: string, time: string) => `${at}, about ${time} left.`,
    ends: { open: "Paused: ", stopped: "Stopped: ", done: "Done: ", elsewhere: "In another tab: " },
    pausedByOther:
      "It was paused, because the model was wanted for something else: the chat, a training or another model.",
    base: (model: string) => `the base model (${model})`,
    adapter: (label: string, step: number) => `the adapter of ${label} at step ${step}`,
    which: { all: "all rows of", "held out": "held-out rows of", files: "rows of" },
    title: (which: string, data: string, speaker: string) => `${which} ${data}, by ${speaker}`,
    asked: (question: string, most: number) =>
      `${question ? `All were asked “${question}”` : "Each was asked its own question"}, for at most ${tokens(most)}.`,
    pause: "Pause answering",
    stop: "Stop answering",
    resume: "Resume answering",
  },
  jobs: {
    kept: (n: number) => counted(n, { one: "job is kept in this browser", other: "jobs are kept in this browser" }),
    label: "Jobs",
    show: "Show",
    showLabel: (title: string) => `Show ${title}`,
    delete: "Delete",
    deleteLabel: (title: string) => `Delete ${title}`,
    confirm: (n: number, title: string) => `Delete ${answers(n)} to ${title} from this browser?`,
  },
  results: {
    on: (n: number) => `On ${rows(n)} with a right answer.`,
    is: (metric: string, what: string) => `${metric} is ${what}.`,
    metric: "Metric",
    found: (metric: string) => `found: ${metric}`,
    fits: "the one that fits",
    notes: "Notes on the answers",
    cut: (n: number, most: number) =>
      `${answers(n)} ${n === 1 ? "was" : "were"} cut off at ${tokens(most)}, or where the model has no room for more: a longer answer may be allowed in a new job.`,
    unanswered: (n: number, skipped: number) =>
      `${rows(n)} could not be answered${skipped > 0 ? ` (${skipped} of them could not be read or prepared)` : ""}: choose “not answered” to see where and why.`,
    emptyRight: (n: number) =>
      `${counted(n, { one: "row has an empty right answer and is", other: "rows have an empty right answer and are" })} not measured.`,
    manyClasses: "The right answers are too many different ones for a table of which was taken for which.",
    noRight: "No row has a right answer, so nothing is measured.",
    csv: "Answers as CSV",
    jsonl: "Answers as JSON lines",
  },
  answers: {
    shown: "Answers shown",
    filters: { all: "all rows", wrong: "wrong answers, worst first", cut: "cut off", unanswered: "not answered" },
    empty: {
      all: "There is no answer yet.",
      wrong: "No answer is wrong.",
      cut: "No answer was cut off.",
      unanswered: "Every row so far has an answer.",
    },
    scroll: "Rows with their answers",
    table: "Answers",
    columns: {
      picture: "Picture",
      question: "Question",
      answer: "Answer",
      right: "Right answer",
      score: "Score",
    },
    pictureOf: (row: number) => `Picture of row ${row}`,
    more: (n: number) => `and ${n} more`,
    nothing: "nothing",
    cutOff: "cut off",
    pager: "answers",
  },
  beside: {
    label: "Beside another job over the same rows",
    none: "none",
    option: (speaker: string, question: string, time: string) =>
      `${speaker}${question ? `, asked “${question}”` : ""}, ${time}`,
    nothing: "No row that both answered has a right answer, so there is nothing to compare.",
    table: "Jobs side by side",
    difference: "Difference",
    over: (n: number) => `Over ${rows(n)} that both answered.`,
    second: (better: number, equal: number, worse: number) =>
      `The second is better on ${rows(better)}, equal on ${equal} and worse on ${worse}.`,
  },
  confusions: {
    title: "Which answer was given for which",
    table: "Confusions",
    right: "Right answer",
    other: "none of them",
  },
};
