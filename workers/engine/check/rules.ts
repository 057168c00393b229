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
  form?: FormAt | undefined;
}

type FormAt = (item: string, n: string) => Form;

const rule = (
  kind: DamagedKind,
  at: RegExp,
  mend: Mend,
  place: Rule["place"],
  follows: string,
  form?: FormAt,
): Rule => ({
  ...{ kind, at, mend, place, follows, form },
});

const madeAgain = "It is made again when it is wanted.";
export const prepareAgain = "The prepared data goes: give the same files again. Saved runs stay.";

export const rules: readonly Rule[] = [
  rule(
    "run",
    /^run\/([^/]+)\/info$/,
    "item",
    () => "its record",
    "The run goes: nobody can tell any more what it was.",
    infoForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/latest$/,
    "entry",
    () => "the note of its newest checkpoint",
    "The newest whole checkpoint counts.",
    () => latestForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/log\/(\d+)$/,
    "entry",
    (n) => `the figures of its steps from ${Number(n)} on`,
    "Its curve has a gap there.",
    (_, n) => logForm(Number(n)),
  ),
  rule(
    "run",
    /^run\/([^/]+)\/evaluations$/,
    "entry",
    () => "the figures of its held-out rows",
    "They are gone; when it goes on, later steps are measured.",
    () => evaluationsForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/evaluation-begun$/,
    "entry",
    () => "an evaluation under way",
    "It is measured again.",
    () => begunForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/held-out$/,
    "entry",
    () => "the list of its held-out rows",
    "When it goes on they are chosen by its recipe again.",
    () => heldOutForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/answers\/rows$/,
    "beside",
    () => "the list of the rows it answered",
    "Its answers of held-out rows go.",
    () => askedRowsForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/answers\/picture\/(\d+)$/,
    "entry",
    (n) => `the picture of answered row ${Number(n) + 1}`,
    "The row is shown without it.",
  ),
  rule(
    "run",
    /^run\/([^/]+)\/answers\/step\/(\d+)$/,
    "entry",
    (n) => `its answers of step ${Number(n)}`,
    "The answers of that step go.",
    (_, n) => stepAnswersForm(Number(n)),
  ),
  rule(
    "run",
    /^run\/([^/]+)\/about$/,
    "entry",
    () => "its name and note",
    "It is called by model and data again.",
    () => aboutForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/lineage$/,
    "entry",
    () => "where it came from",
    "It is forgotten what it began with.",
    () => lineageForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/weights$/,
    "entry",
    () => "the mark of its model's weights",
    "Another model of the same shape is not told from its own any more.",
    () => markForm,
  ),
  rule(
    "run",
    /^run\/([^/]+)\/changes$/,
    "entry",
    () => "the rows left out or corrected when it began",
    "When it goes on it has all rows as they were read.",
    () => changesForm,
  ),
  rule("data", /^dataset\/([^/]+)\/manifest$/, "item", () => "its record", prepareAgain, manifestForm),
  rule("data", /^dataset\/([^/]+)\/contents$/, "item", () => "the record of which rows show the same", prepareAgain),
  rule(
    "data",
    /^dataset\/([^/]+)\/sources\/(\d+)$/,
    "entry",
    (n) => `the names of the rows of part ${Number(n) + 1}`,
    "They have numbers in place of names.",
    () => sourcesForm,
  ),
  rule("data", /^dataset\/([^/]+)\/row\/(\d+)$/, "entry", (n) => `prepared row ${Number(n) + 1}`, madeAgain),
  rule(
    "data",
    /^dataset\/([^/]+)\/features\/.*?([0-9a-f]{8})[^/]*$/,
    "entry",
    (n) => `the features of a picture (${n})`,
    madeAgain,
  ),
  rule(
    "data",
    /^dataset\/([^/]+)\/left-out$/,
    "entry",
    () => "the list of rows that cannot be used",
    "They are found again one by one.",
    () => leftOutForm,
  ),
  rule("answers", /^job\/([^/]+)\/record$/, "item", () => "its record", "The job goes, with its answers.", jobForm),
  rule("answers", /^job\/([^/]+)\/rows$/, "item", () => "the list of its rows", "The job goes, with its answers."),
  rule(
    "answers",
    /^job\/([^/]+)\/answers\/(\d+)$/,
    "behind",
    (n) => `its answers, part ${Number(n) + 1}`,
    "The rows of this part, and of those behind it, are answered again.",
    () => entriesForm,
  ),
  rule(
    "answers",
    /^job\/([^/]+)\/progress$/,
    "entry",
    () => "how far it is",
    "It is counted again.",
    () => progressForm,
  ),
  rule(
    "answers",
    /^job\/([^/]+)\/changes$/,
    "entry",
    () => "the rows left out or corrected when it began",
    "What is left to answer is asked as it was read.",
    () => changesForm,
  ),
  rule("votes", /^vote\/(.+)$/, "entry", () => "a vote", "The vote goes.", voteForm),
  rule("votes", /^vote-picture\/(.+)$/, "entry", () => "a picture that votes show", "The votes stay without it."),
  rule(
    "changes",
    /^changes\/(.*)$/,
    "entry",
    () => "what was left out or corrected",
    "All rows are as they were read: what was left out or corrected has to be done again.",
    () => changesForm,
  ),
  rule("kernels", /^(self-test|tuned)\//, "entry", () => "a verdict on this GPU's kernels", "They are tested again."),
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
