/**
 * What lies in the store under which key, and what follows when it is damaged. All of it is sealed under its own hash, but checkpoints'
 * chunks, shards and parts of an index, whose hashes are in a record beside them (checkpoints.ts and data-parts.ts check those).
 */
import { entriesForm, jobForm, progressForm } from "../../apply/job.ts";
import { voteForm } from "../../chat/votes.ts";
import { changesForm } from "../../data/index/changes.ts";
import { manifestForm } from "../../data/shards/manifest.ts";
import { sourcesForm } from "../../data/shards/shards.ts";
import { leftOutForm } from "../../data/shards/supply.ts";
import type { DamagedKind } from "../../protocol/engine.ts";
import type { Form } from "../../storage/unseal-as.ts";
import { aboutForm } from "../../training/saved/about.ts";
import { askedRowsForm, stepAnswersForm } from "../../training/saved/answers.ts";
import { begunForm, evaluationsForm, heldOutForm } from "../../training/saved/evaluations.ts";
import { latestForm } from "../../training/saved/format.ts";
import { lineageForm } from "../../training/saved/lineage.ts";
import { logForm } from "../../training/saved/log.ts";
import { infoForm } from "../../training/saved/runs.ts";
import { markForm } from "../../training/saved/weights-mark.ts";

/** "entry": it alone goes. "behind": it and all of its kind behind it. "beside": all under its folder. "item": all that it belongs to. */
export type Mend = "entry" | "behind" | "beside" | "item";

export interface Rule {
  /** The first group is the item, the second what tells it from others of its kind. */
  at: RegExp;
  kind: DamagedKind;
  /** What it is, in words. */
  place(n: string): string;
  mend: Mend;
  /** What follows when it goes, one sentence. */
  follows: string;
  /** What is to lie there, of JSON that can be told from another entry's. */
  form?(item: string, n: string): Form;
}

const madeAgain = "It is made again when it is wanted.";
export const prepareAgain = "The prepared data goes: give the same files again. Saved runs stay.";

export const rules: readonly Rule[] = [
  {
    kind: "run",
    at: /^run\/([^/]+)\/info$/,
    mend: "item",
    place: () => "its record",
    follows: "The run goes: nobody can tell any more what it was.",
    form: infoForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/latest$/,
    mend: "entry",
    place: () => "the note of its newest checkpoint",
    follows: "The newest whole checkpoint counts.",
    form: () => latestForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/log\/(\d+)$/,
    mend: "entry",
    place: (n) => `the figures of its steps from ${Number(n)} on`,
    follows: "Its curve has a gap there.",
    form: (_, n) => logForm(Number(n)),
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/evaluations$/,
    mend: "entry",
    place: () => "the figures of its held-out rows",
    follows: "They are gone; when it goes on, later steps are measured.",
    form: () => evaluationsForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/evaluation-begun$/,
    mend: "entry",
    place: () => "an evaluation under way",
    follows: "It is measured again.",
    form: () => begunForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/held-out$/,
    mend: "entry",
    place: () => "the list of its held-out rows",
    follows: "When it goes on they are chosen by its recipe again.",
    form: () => heldOutForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/answers\/rows$/,
    mend: "beside",
    place: () => "the list of the rows it answered",
    follows: "Its answers of held-out rows go.",
    form: () => askedRowsForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/answers\/picture\/(\d+)$/,
    mend: "entry",
    place: (n) => `the picture of answered row ${Number(n) + 1}`,
    follows: "The row is shown without it.",
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/answers\/step\/(\d+)$/,
    mend: "entry",
    place: (n) => `its answers of step ${Number(n)}`,
    follows: "The answers of that step go.",
    form: (_, n) => stepAnswersForm(Number(n)),
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/about$/,
    mend: "entry",
    place: () => "its name and note",
    follows: "It is called by model and data again.",
    form: () => aboutForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/lineage$/,
    mend: "entry",
    place: () => "where it came from",
    follows: "It is forgotten what it began with.",
    form: () => lineageForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/weights$/,
    mend: "entry",
    place: () => "the mark of its model's weights",
    follows: "Another model of the same shape is not told from its own any more.",
    form: () => markForm,
  },
  {
    kind: "run",
    at: /^run\/([^/]+)\/changes$/,
    mend: "entry",
    place: () => "the rows left out or corrected when it began",
    follows: "When it goes on it has all rows as they were read.",
    form: () => changesForm,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/manifest$/,
    mend: "item",
    place: () => "its record",
    follows: prepareAgain,
    form: manifestForm,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/contents$/,
    mend: "item",
    place: () => "the record of which rows show the same",
    follows: prepareAgain,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/sources\/(\d+)$/,
    mend: "entry",
    place: (n) => `the names of the rows of part ${Number(n) + 1}`,
    follows: "They have numbers in place of names.",
    form: () => sourcesForm,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/row\/(\d+)$/,
    mend: "entry",
    place: (n) => `prepared row ${Number(n) + 1}`,
    follows: madeAgain,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/features\/.*?([0-9a-f]{8})[^/]*$/,
    mend: "entry",
    place: (n) => `the features of a picture (${n})`,
    follows: madeAgain,
  },
  {
    kind: "data",
    at: /^dataset\/([^/]+)\/left-out$/,
    mend: "entry",
    place: () => "the list of rows that cannot be used",
    follows: "They are found again one by one.",
    form: () => leftOutForm,
  },
  {
    kind: "answers",
    at: /^job\/([^/]+)\/record$/,
    mend: "item",
    place: () => "its record",
    follows: "The job goes, with its answers.",
    form: jobForm,
  },
  {
    kind: "answers",
    at: /^job\/([^/]+)\/rows$/,
    mend: "item",
    place: () => "the list of its rows",
    follows: "The job goes, with its answers.",
  },
  {
    kind: "answers",
    at: /^job\/([^/]+)\/answers\/(\d+)$/,
    mend: "behind",
    place: (n) => `its answers, part ${Number(n) + 1}`,
    follows: "The rows of this part, and of those behind it, are answered again.",
    form: () => entriesForm,
  },
  {
    kind: "answers",
    at: /^job\/([^/]+)\/progress$/,
    mend: "entry",
    place: () => "how far it is",
    follows: "It is counted again.",
    form: () => progressForm,
  },
  {
    kind: "answers",
    at: /^job\/([^/]+)\/changes$/,
    mend: "entry",
    place: () => "the rows left out or corrected when it began",
    follows: "What is left to answer is asked as it was read.",
    form: () => changesForm,
  },
  {
    kind: "votes",
    at: /^vote\/(.+)$/,
    mend: "entry",
    place: () => "a vote",
    follows: "The vote goes.",
    form: voteForm,
  },
  {
    kind: "votes",
    at: /^vote-picture\/(.+)$/,
    mend: "entry",
    place: () => "a picture that votes show",
    follows: "The votes stay without it.",
  },
  {
    kind: "changes",
    at: /^changes\/(.*)$/,
    mend: "entry",
    place: () => "what was left out or corrected",
    follows: "All rows are as they were read: what was left out or corrected has to be done again.",
    form: () => changesForm,
  },
  {
    kind: "kernels",
    at: /^(self-test|tuned)\//,
    mend: "entry",
    place: () => "a verdict on this GPU's kernels",
    follows: "They are tested again.",
  },
];

/** Entries whose hash lies in the record of their data set or checkpoint. */
export const HASHED_ELSEWHERE = /^(run\/[^/]+\/gen\/|dataset\/[^/]+\/(shard|index|kept)\/)/;

/** The rule of an entry's key. */
export interface RuleOfKey {
  rule: Rule;
  /** What the entry belongs to. */
  item: string;
  /** What tells it from others of its kind. */
  n: string;
}

export function ruleOf(key: string): RuleOfKey | undefined {
  for (const rule of rules) {
    const [, item, n = ""] = rule.at.exec(key) ?? [];
    if (item !== undefined) return { rule, item, n };
  }
  return undefined;
}
