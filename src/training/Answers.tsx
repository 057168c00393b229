/** What the model says to held-out rows as it trains: the newest answers beside those from before the first step. */
import { AnswerGallery } from "../parts/AnswerGallery.tsx";
import { useRunAnswers } from "../stores/run-answers.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { answersComing } from "./answers-coming.ts";

export function Answers() {
  const answers = useRunAnswers((s) => s.answers);
  const run = useTraining();
  const has = answers !== undefined && answers.steps.length > 0;
  const picked = useRunAnswers((s) => s.picked);
  const coming = has ? "" : answersComing({ ...run, picked });
  if (!has && !coming) return null;
  return (
    <section aria-labelledby="answers-title" className="said-rows">
      <h3 id="answers-title">{words().run.answers.title}</h3>
      {has ? <AnswerGallery answers={answers} name="answers" /> : <p className="detail">{coming}</p>}
    </section>
  );
}
