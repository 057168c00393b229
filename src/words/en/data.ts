/** The place Data: dropping, columns, rows, the hub. */
import { counted, listed, rows } from "./count.ts";

const files = (n: number): string => counted(n, { one: "file", other: "files" });
const fileWas = (n: number): string => counted(n, { one: "file was", other: "files were" });
const preparing = "Rows are being prepared: wait, or press Cancel.";

export const data = {
  lead: "Drop a folder, a zip or files anywhere on this page. They stay on this computer. Or name a data set of the hub.",
  sample: "the sample data",
  files,
  chooseFiles: "Choose files",
  chooseFolder: "Choose folder",
  useSample: "Use sample data",
  cancel: "Cancel",
  preparing,
  progress: (n: number) => `Preparing rows: ${n} ready`,
  room: (needs: string, free: string) => `All of them take about ${needs} in this browser, of ${free} that are free.`,
  status: {
    // "rows" for one, too: scripts read it.
    ready: (n: number) => `${n} rows ready`,
    skipped: (n: number) => `${n} skipped`,
    waits: (label: string) => `Load a model: its tokenizer turns ${label} into examples.`,
    none: "No data yet.",
    early: "You may drop it before the model is loaded.",
    deleted: (label: string) => `The rows of ${label} were deleted.`,
    notHere: (label: string) => `The rows of ${label} are no longer in this browser.`,
    otherModel: (label: string, model: string) =>
      `The rows of ${label} were prepared for ${model}: drop the files again.`,
    kept: (n: number, label: string) => `The ${rows(n)} of ${label} from before ${n === 1 ? "is" : "are"} kept.`,
  },
  forms: {
    title: "What can I drop?",
    next: "TabTune finds out which form it is, reads every row, and shows each as the model will see it. Rows that it cannot use are listed with the reason. Your files stay as they are.",
    also: "Also WebDataset tar files (.tar, .tar.gz), conversations of several turns and several pictures a row, and all of these in a zip. A second drop is added to the first, if you say so.",
    folders: { title: "A folder for each class", how: "The folder’s name is the answer." },
    captions: { title: "Pictures with texts", how: "A .txt of the same name says what is to be learned." },
    table: {
      title: "A table of questions and answers",
      how: "CSV or JSON lines. With columns of your own you choose which is what.",
    },
    boxes: {
      title: "Pictures with boxes",
      how: "YOLO’s texts as here, Pascal VOC’s XML, COCO’s JSON, or boxes in a table. They become answers in the numbers that the model knows.",
    },
    metadata: { title: "A folder as on the hub", how: "metadata.jsonl or metadata.csv beside the pictures." },
    llava: { title: "LLaVA’s JSON", how: "Conversations, with the pictures beside them." },
    parquet: { title: "Parquet files", how: (name: string) => `Pictures and texts in one file, as in ${name}.` },
    /** What is said in the examples. */
    said: {
      cat: "cat",
      dog: "dog",
      beach: "Two people on a beach.",
      question: "What is it?",
      answer: "A red mug.",
    },
  },
  skipped: {
    show: "Show skipped rows",
    hide: "Hide skipped rows",
    box: "Skipped rows and why",
    table: "Skipped rows",
    where: "Where",
    why: "Why",
    row: "Row",
    cut: (shown: number, all: number) => `The first ${shown} of ${rows(all)}; the file below has all of them.`,
    download: "Download as CSV",
  },
  notes: "Notes on the data",
  about: (label: string, format: string, size: string) => `${label} (${format}): ${size}`,
  size: {
    all: (tokens: string, longest: number, size: string) =>
      `${tokens} tokens with picture slots, longest row ${longest}, ${size} cached in this browser.`,
    onDemand: (list: string, prepared: string, size: string, budget: string) =>
      `rows are prepared as training comes to them; the list of all takes ${list} in this browser, the ${prepared} prepared rows ${size} of at most ${budget}.`,
  },
  /** `unit` is a name of `columns.boxUnits`, or one that a model has of its own. */
  boxes: (unit: string) =>
    `Boxes in answers are left, top, right, bottom ${
      unit === "pixels"
        ? "in pixels of the picture"
        : unit === "resized-pixels"
          ? "in pixels of the picture as it is resized for the model"
          : `from 0 to ${unit.slice(2)} of the picture’s width and height`
    }.`,
  heldOut: (n: number, split: string) =>
    `${rows(n)} of the ${split} split ${n === 1 ? "is" : "are"} not trained on; runs can be measured by ${n === 1 ? "it" : "them"} (Held-out rows, in the recipe).`,
  download: {
    button: "Download as data set",
    form: "Parquet, as datasets of the hub have it",
    writing: "The file is being written.",
    written: (n: number) => `${rows(n)} written`,
    done: (n: number, leftOut: number) =>
      `${rows(n)} written${leftOut > 0 ? `, ${leftOut} that cannot be read left out` : ""}.`,
  },
  rows: {
    table: "Rows",
    box: "Rows as the model reads them",
    picture: "Picture",
    reads: "What the model reads;",
    marked: "marked",
    trainedOn: "tokens are trained on",
    tokens: "Tokens",
    pages: "rows",
    pictureOf: (row: number) => `Picture of row ${row}`,
    leftOut: "left out",
    corrected: "corrected",
    notUsed: (why: string) => `Not used: ${why}`,
    heldOut: "held out, not trained on",
    ownSplit: "of the data’s own split, not trained on",
    edit: "Edit",
    editOf: (row: number) => `Edit row ${row}`,
    undoEdit: "Undo edit",
    undoEditOf: (row: number) => `Undo the edit of row ${row}`,
    leaveOut: "Leave out",
    leaveOutOf: (row: number) => `Leave out row ${row}`,
    takeBack: "Take back",
    takeBackOf: (row: number) => `Take back row ${row}`,
    ask: "Ask as it trains",
    asked: "✓ asked as it trains",
    askOf: (row: number) => `Ask row ${row} as it trains`,
    page: "Page",
    goToPage: "Go to page",
    choosePage: (pages: number) => `Choose a page from 1 to ${pages}.`,
    gaveUp: (why: string) => `The reader stopped working over it: ${why}`,
  },
  search: {
    open: "Search and change rows",
    words: "Search rows",
    show: "Show",
    shown: {
      all: "all rows",
      "held out": "rows not trained on",
      changed: "changed rows",
      "left out": "rows left out",
      unusable: "rows that cannot be used",
    },
    fewest: "Fewest tokens",
    most: "Most tokens",
    all: "Show all rows",
    searching: (where: string) => `Searching, ${where} …`,
    found: (n: string) => `${n} found.`,
    changes: (leftOut: number, edited: number) => {
      const parts = [leftOut > 0 && `${rows(leftOut)} left out`, edited > 0 && `${rows(edited)} corrected`];
      return `${parts.filter(Boolean).join(", ")}: the files stay as they are.`;
    },
    undoAll: "Undo all changes",
  },
  editor: {
    texts: (row: number) => `Texts of row ${row}`,
    speakers: { system: "System", user: "Question", assistant: "Answer" },
    save: "Save texts",
    same: "Nothing has been changed.",
    keep: "Keep as it was",
  },
  columns: {
    title: "Which column is what?",
    box: "The first records as they are written",
    table: "Columns",
    byName: "the columns are found by their names.",
    choice: "found by its name",
    roles: {
      images: { label: "Picture", hint: "its file name, or the picture itself" },
      question: { label: "Question", hint: "what the user asks" },
      answer: { label: "Answer", hint: "what the model shall learn to say" },
      label: { label: "Class", hint: "its name is the answer, or that of a box" },
      boxes: { label: "Boxes", hint: "of things on the picture: they are the answer" },
      messages: { label: "Conversation", hint: "a list of turns, instead of the two" },
      system: { label: "System text", hint: "put before the first question" },
    },
    /** Of the answer's column, where rows are to be answered. */
    rightHint: "what would be right, where that is known",
    from: (role: string, column: string) => `${role.toLowerCase()} from ${column}`,
    instruction: "Question of rows that have none",
    instructionHint: "the same for all of them",
    instructionExample: "What is this?",
    asked: (question: string) => `rows without a question ask “${question}”`,
    several: "Several answers or captions",
    severalHint: "usual: each caption, the most frequent answer",
    usual: "as usual",
    choices: {
      each: "each, as a row of its own",
      "most-frequent": "the most frequent one",
      first: "the first one",
    },
    boxes: "Boxes in answers",
    boxesHint: "usual: as the model’s publisher writes them",
    boxUnits: {
      "0-1000": "0 to 1000 of width and height",
      "0-1": "0 to 1 of width and height",
      pixels: "pixels of the picture",
    },
    inBoxes: (unit: string) => `boxes in answers: ${unit}`,
    boxFormat: "Boxes in the data",
    boxFormatHint: "where the data does not say it; usual: what fits the pictures",
    boxFormats: {
      coco: "left, top, width, height in pixels (COCO)",
      pascal_voc: "left, top, right, bottom in pixels (Pascal VOC)",
      yolo: "centre, width, height from 0 to 1 (YOLO)",
      albumentations: "left, top, right, bottom from 0 to 1",
      "cxcywh-pixels": "centre, width, height in pixels",
      "xywh-1": "left, top, width, height from 0 to 1",
      "xyxy-1000": "left, top, right, bottom from 0 to 1000",
      "yxyx-1000": "top, left, bottom, right from 0 to 1000",
    },
    ofBoxes: (format: string) => `boxes in the data: ${format}`,
    boxesAlone: "How are boxes asked for and written?",
    readAlone: "Read so",
    ofSeveral: (which: string) => `of several answers ${which}`,
    chosen: (parts: string, fromBefore: boolean) =>
      `Columns as you chose them${fromBefore ? " the last time" : ""}: ${parts}.`,
    first: "The first rows, as the model will read them",
    rows: "First rows",
    skipped: (why: string) => `Skipped: ${why}`,
    picture: (n: number, source: string) => `Picture ${n} of ${source}`,
    notShown: (name: string) => `${name} (not shown by this browser)`,
    read: "Read with these columns",
    same: "The rows are read with these columns already: choose others first.",
  },
  drops: {
    roles: {
      picture: (n: number) => counted(n, { one: "picture", other: "pictures" }),
      table: (n: number) => counted(n, { one: "table", other: "tables" }),
      text: (n: number) => counted(n, { one: "text", other: "texts" }),
      archive: (n: number) => counted(n, { one: "archive", other: "archives" }),
      other: (n: number) => counted(n, { one: "other file", other: "other files" }),
    },
    /** `part`: what the new files would be to those of before. */
    question: (dropped: string, what: string, isOne: boolean, part: "rows" | "pictures" | "part", before: string) => {
      const whose = {
        rows: `for the rows of ${before}`,
        pictures: `for the pictures of ${before}`,
        part: `part of ${before}`,
      };
      return `You dropped ${dropped} (${what}). ${isOne ? "Is it" : "Are they"} ${whose[part]}, or a new data set?`;
    },
    add: (before: string) => `Add to ${before}`,
    apart: "New data set",
    leave: (isOne: boolean) => `Leave ${isOne ? "it" : "them"} out`,
    replaced: (before: string) =>
      `These files take the place of ${before}: drop all of them together to train on both.`,
    moved: (path: string) => `${path} can no longer be read: it was moved or changed after it was dropped.`,
    again: "Drop all files again.",
    same: (names: string[]) =>
      `${fileWas(names.length)} dropped twice and ${names.length === 1 ? "is" : "are"} the same (${listed(names)}): taken once.`,
    other: (names: string[]) =>
      `${fileWas(names.length)} dropped again with other content (${listed(names)}): ${names.length === 1 ? "the one that was dropped last is" : "those that were dropped last are"} read.`,
    adapterAdded: (label: string) => `${label} is added: chat with it, or train on from it.`,
  },
  hub: {
    name: "Data set of the hub",
    nameHint: "owner/name@revision:config/split, or its address",
    rows: "Rows of it",
    rowsHint: "the first ones, or all",
    rowsProblem: 'Must be a number, or "all".',
    lookUp: "Look it up",
    asking: "Asking the hub",
    asked: "The hub is being asked.",
    noName: "Write the name of a data set first.",
    noRows: "Say how many rows first.",
    offer: "From the hub",
    at: "at",
    uncounted: "rows that its card does not count,",
    counted: rows,
    is: (what: string, parquets: number, size: string, licence: string | undefined) =>
      `${what} in ${counted(parquets, { one: "Parquet file", other: "Parquet files" })}, ${size}, ${licence ? `licence ${licence}` : "no licence told"}.`,
    kept: (size: string) => `${size} of it are in this browser already.`,
    /** Of as many rows, undefined: all; `much`: in bytes, undefined where it is not known, at most `most`. */
    cost: (n: number | undefined, much: string | undefined, isAbout: boolean, most: string, budget: string) => {
      const what = n === undefined ? "All of it" : `The first ${rows(n)}`;
      const size = much === undefined ? `as much as they take, at most ${most}` : isAbout ? `about ${much}` : much;
      return `${what} will be downloaded: ${size}. What was downloaded is kept in this browser, up to ${budget} over all data sets.`;
    },
    read: (n: number | undefined, much: string | undefined) =>
      `Read ${n === undefined ? "all rows" : rows(n)}${much === undefined ? "" : ` (about ${much})`}`,
    no: "No, thank you",
  },
};
