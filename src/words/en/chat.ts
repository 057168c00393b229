/** The chat: one column or two. */
import { counted, pictures } from "./count.ts";

const tokens = (n: number): string => counted(n, { one: "token", other: "tokens" });
const votes = (n: number): string => counted(n, { one: "vote", other: "votes" });

export const chat = {
  title: "Chat",
  lead: "Ask the model about a picture, with and without what it has learnt.",
  conversation: "Conversation",
  toEnd: "To the newest words",
  sideBySide: "Side by side",
  obstacles: {
    noModel: "Load a model first.",
    training: "Pause the training to chat.",
    busy: "An answer is being written.",
    alone: "There is no adapter to compare the base model with: train one, or add one under Runs.",
    same: "Pick two who differ.",
    paused: "While a run is paused, only the base model and that run as it is now can answer: stop it first.",
  },
  empty: {
    noModel: "Load a model to talk to it.",
    noPicture: "Attach, drop or paste a picture, and ask about it.",
    attached: "Now ask.",
    fromData: "Or begin with a question of your data:",
    fromHeldOut: "Or begin with a held-out question of your data, which a run does not train on:",
    questions: "Questions of the data",
    question: (row: number, question: string, pictures: number) =>
      `Ask row ${row}: ${[question, counted(pictures, { one: "picture", other: "pictures" })].filter(Boolean).join(", ")}`,
    noWords: "(a picture without words)",
  },
  speakers: {
    base: "Base model",
    adapter: (step: number) => `Adapter, step ${step}`,
    step: (step: number) => `step ${step}`,
    imported: "as it came",
    best: (step: number) => `best, step ${step}`,
    last: (step: number) => `last, step ${step}`,
    of: (name: string, time: string) => `${name}, of ${time}`,
  },
  composer: {
    label: "Message",
    attach: "Attach picture",
    send: "Send",
    stop: "Stop",
    nothingToStop: "No answer is being written.",
    new: "New conversation",
    keys: "Enter sends, Shift and Enter make a new line.",
    examples: ["Describe the picture.", "What do you see?", "What color is the background?"],
    useAdapter: "Use adapter",
    noAdapter: "There is no adapter yet: train one, or press Use in chat of a run.",
  },
  pictures: {
    attached: (n: number) => `Attached ${n}`,
    boxedBy: (name: string) => `Picture with the boxes of ${name}`,
    remove: (name: string) => `Remove ${name}`,
    several: (n: number) => `${n} pictures go along, in this order.`,
    leftAside: (names: readonly string[]) =>
      `${counted(names.length, { one: "file is no picture and was", other: "files are no pictures and were" })} left aside: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}.`,
    samples: "Or take one that the model has never seen:",
    sample: (n: number) => `Sample picture ${n}`,
    missing: (name: string) => `The picture ${name} could not be fetched.`,
    missingRemedy: "Check that the server is still running.",
  },
  turns: {
    you: "You:",
    edit: "Edit",
    editLabel: "Edit the question",
    question: "Question",
    anew: (later: number) =>
      later === 0
        ? "Its answer is written anew."
        : `Its answer is written anew, and what follows is cut: ${counted(later, { one: "question", other: "questions" })} with the answers.`,
    noWords: "There are no words.",
    askAgain: "Ask again",
    cancel: "Cancel",
    copy: "Copy",
    copyLabel: (whose: string) => `Copy the answer, ${whose}`,
    copied: "Copied.",
    cannotCopy: "This browser does not let the page copy: mark the words instead.",
    regenerate: "Regenerate",
    sameAgain: "At temperature 0 the same words come again.",
    newSeed: "With a new seed.",
    chosenSeed: "With the seed that you chose the same words come again.",
    rightAnswer: "The data’s answer:",
    continue: "Continue",
    before: "The answer of before is kept.",
    soFar: "The answer so far is kept.",
    cut: (later: number) =>
      later === 0
        ? ""
        : `The question was changed, and ${counted(later, { one: "later question", other: "later questions" })} with the answers cut.`,
  },
  footnote: {
    tokens,
    speed: (n: number, rate: string) => `${tokens(n)}, ${rate} a second`,
    ends: { eos: "", length: ", cut at this length", full: ", cut: the conversation is full", user: ", stopped" },
    change: (seconds: string) => `; ${seconds} s to put the adapter on`,
    sameAtZero: "; the same as before: at temperature 0 the likeliest word is always taken",
    sameByChance: "; the same as before by chance",
    sameBySeed: "; the same as before: every answer has the seed that you chose",
    notAsked: "not asked: stopped",
    none: "no answer",
  },
  settings: {
    title: "System prompt and sampling",
    set: (list: string) => `System prompt and sampling: ${list}`,
    system: "System prompt",
    quoted: (text: string) => `“${text}”`,
    temperature: (value: string) => `temperature ${value}`,
    topP: (value: string) => `top-p ${value}`,
    topK: (value: number) => `top-k ${value}`,
    seed: (value: number) => `seed ${value}`,
    systemHint: "Opens the conversation, from the next answer on.",
    noSystemRole:
      "This model's chat template has no system role: the words stand before those of the first question instead.",
    temperatureLabel: (value: string) => `Temperature ${value}`,
    greedy: "Temperature (0: always the likeliest word)",
    topPLabel: "Top-p",
    topKLabel: "Top-k",
    topKHint: "Only so many of the likeliest words are drawn from; empty: all.",
    seedLabel: "Seed",
    topPHint: "Only the likeliest words are drawn from, until their shares add up to this; 1 takes all.",
    seedHint: "Empty: another one for each answer.",
    withoutEffect: "Without effect at temperature 0.",
    longest: "Longest answer in tokens",
    longestHint: "An answer that is cut there can be continued.",
  },
  advice: {
    label: "Advice on the answers",
    allow: (n: number) => `Allow ${n} tokens`,
    warmer: (value: number) => `Set temperature to ${value}`,
  },
  sides: {
    names: { left: "Left", right: "Right" },
    blind: "Blind: sides are mixed, and names come with the vote",
    which: "Which is better?",
    verdicts: { left: "Left", right: "Right", equal: "Equal", neither: "Both bad" },
    keeping: "A vote is being kept.",
    takenBack: "The vote was taken back.",
    revealed: (left: string, right: string) => `Left was ${left}, right was ${right}.`,
    leftKept: "The left answer is kept.",
  },
  votes: {
    title: (n: number) => `Votes (${n})`,
    busy: "Votes are being kept or read.",
    damaged: (n: number) => `${votes(n)} cannot be read: damaged, or of a newer version.`,
    download: "Download preference rows",
    downloadHint: "A zip for TRL's DPOTrainer: prompt, chosen, rejected and images. Ties are left out.",
    saved: (n: number) => `${counted(n, { one: "preference row", other: "preference rows" })} saved.`,
    deleteAll: "Delete all votes",
    deleteForGood: (n: number) => `Delete ${votes(n)} for good`,
    keep: "Keep them",
    delete: "Delete",
    deleteLabel: (question: string) => `Delete the vote on ${question}`,
    more: (n: number) => `Show ${n} more`,
    /** What votes on a pair add up to. */
    tally: (first: string, second: string, { preferred, votes: of, equal, neither, blind }: TallyFigures) =>
      `${[
        `${first} preferred in ${preferred[0]} of ${of}`,
        `${second} in ${preferred[1]}`,
        ...(equal > 0 ? [`${equal} equal`] : []),
        ...(neither > 0 ? [`${neither} both bad`] : []),
      ].join(", ")}; ${blind === of ? "all blind" : blind === 0 ? "none blind" : `${blind} of them blind`}.`,
    aPicture: "a picture",
    vote: (question: string, on: number, verdict: string, left: string, right: string) =>
      `“${question}”${on > 0 ? ` on ${pictures(on)}` : ""}: ${verdict} (${left} left, ${right} right)`,
    better: (name: string) => `${name} better`,
    equal: "equal",
    neither: "both bad",
  },
};

interface TallyFigures {
  preferred: readonly [number, number];
  votes: number;
  equal: number;
  neither: number;
  blind: number;
}
