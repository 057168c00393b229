/** What the model says to held-out rows as it trains: the newest answers beside those from before the first step. */
import { memo, type ReactNode } from "react";
import { AnswerGallery } from "../parts/AnswerGallery.tsx";
import { useRunAnswers } from "../stores/run-answers.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { answersComing } from "./answers-coming.ts";

function Titled({ children }: { children: ReactNode }) {
  return (
    <section aria-labelledby="answers-title" className="said-rows">
      <h3 id="answers-title">{words().run.answers.title}</h3>
      {children}
    </section>
  );
}

/** In the place of answers that are not there. */
function Coming() {
  const state = useTraining((s) => s.state);
  const fields = useTraining((s) => s.fields);
  const evaluations = useTraining((s) => s.evaluations);
  const picked = useRunAnswers((s) => s.picked);
  const sentence = answersComing({ state, fields, evaluations, picked });
  return sentence ? (
    <Titled>
      <p className="detail">{sentence}</p>
    </Titled>
  ) : null;
}

/** A gallery is large: it is drawn anew by its answers, and not by each step of the run. */
export const Answers = memo(() => {
  const answers = useRunAnswers((s) => s.answers);
  if (!answers || answers.steps.length === 0) return <Coming />;
  return (
    <Titled>
      <AnswerGallery answers={answers} name="answers" />
    </Titled>
  );
});
