/** What the model said to held-out rows in a saved run. */
import { useState } from "react";
import type { RunAnswers } from "../../workers/training/saved/answers.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { AnswerGallery } from "../parts/AnswerGallery.tsx";
import { fileNameOf } from "../stores/runs.ts";

/** Read each time it is opened: a run that goes on has more by then. */
export function SavedAnswers({ run }: { run: RunSummary }) {
  const [answers, setAnswers] = useState<RunAnswers | null>();
  const read = (): Promise<void> =>
    attempt("runs", async () => setAnswers(await engine((api) => api.readRunAnswers(run.id))));
  return (
    <details onToggle={({ currentTarget }) => currentTarget.open && void read()}>
      <summary>Answers of held-out rows</summary>
      {answers && answers.steps.length > 0 && (
        <AnswerGallery answers={answers} name={`${fileNameOf(run, "answers").replace(/\.answers$/, "")}-answers`} />
      )}
      {(answers === null || answers?.steps.length === 0) && <p className="detail">None were answered in this run.</p>}
    </details>
  );
}
