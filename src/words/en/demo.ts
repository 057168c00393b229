/** A demo page of one's own: the card that makes it. What the page itself says is in demo-page.ts. */
import { counted } from "./count.ts";

export const demo = {
  title: "Make a demo page",
  help: "A small site with a chat and nothing else, for people who have never heard of this page: it runs in their browser, on a phone too, and works without a network after the first visit.",
  name: "Title",
  base: "Base model on the hub",
  baseForm: "owner/name",
  baseHelp: "Visitors fetch it from there, at the revision that it has now.",
  restricted: (model: string) =>
    `The hub gives ${model} only to accounts that may read it: the page asks each visitor for an access token of their own. Yours is not in it.`,
  inside: "The demo model is small: it goes into the page.",
  licences: "Licence notes",
  licenceOf: (model: string, licence: string) => `Base model ${model}: ${licence}.`,
  demoLicence: "Demo model and pictures of the demo: MIT (Fluent Emoji).",
  examples: "Examples",
  question: (n: number) => `Question ${n}`,
  picture: (n: number) => `Picture of question ${n}`,
  remove: (n: number) => `Remove question ${n}`,
  fromData: "Take questions of the data",
  noData: "There are no further questions of the data that is open here.",
  add: "Add a picture to ask about",
  full: (most: number) => `${most} examples are enough.`,
  public: "Pictures and questions shown here can be seen by everyone who opens the page.",
  make: "Make the page",
  noQuestion: (n: number) => `Write question ${n}, or remove it.`,
  noTitle: "Give it a title first.",
  noBase: (model: string) => `Write the name that ${model} has on the hub.`,
  made: (files: number, bytes: string) =>
    `${counted(files, { one: "file", other: "files" })}, ${bytes}: all that is in the zip or goes to the hub.`,
  list: "Files of the demo page",
  download: "Download as zip",
  space: "Name of the Space",
  push: "Push as a Space",
  noSpace: "Give the Space a name first.",
  stop: "Stop the push",
  commit: "Demo page made with TabTune",
  errors: {
    noTitle: "The demo page has no title.",
    tooMany: (given: number, most: number) => `There are ${given} examples; a demo page takes ${most}.`,
    tooLarge: (name: string, megabytes: number, most: number) =>
      `${name} has ${megabytes} MB; a picture of a demo page may have ${most}.`,
    change: "Change it, and make the page again.",
    otherModel: (name: string, model: string) =>
      `${name} is not the model that this adapter was trained on (${model}): sizes, tensors or loading settings differ.`,
    rightModel: "Write the name and the revision of that model.",
    missing: (path: string) => `${path} of this site could not be fetched.`,
    reload: "Check the connection and reload the page: there may be a newer version.",
    taken: (repo: string) => `There is a Space ${repo} already, and it is left as it is.`,
    otherName: "Choose another name.",
    stopped: "The push was stopped.",
    pushAgain: "Push again when you like.",
    emptyStays: (repo: string) =>
      `The Space ${repo} stays empty at the hub and can be deleted there. The adapter is safe in this browser.`,
    safe: "The adapter is safe in this browser.",
  },
};
