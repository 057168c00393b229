/** The examples of a demo page: questions of the data, held-out ones first, or pictures and questions of one's own. */
import { attempt } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { BlobPicture } from "../parts/BlobPicture.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useQuestions } from "../stores/questions.ts";
import { words } from "../words/index.ts";
import { type Example, MOST_EXAMPLES } from "./demo-files.ts";

interface DemoExamplesProps {
  examples: readonly Example[];
  onChange(examples: Example[]): void;
}

export function DemoExamples({ examples, onChange }: DemoExamplesProps) {
  const { questions, picturesOf } = useQuestions();
  const say = words().demo;
  const taken = new Set(examples.map(({ question }) => question));
  const further = questions
    .filter(({ question }) => !taken.has(question))
    .sort((a, b) => Number(b.heldOut) - Number(a.heldOut));
  const full = examples.length >= MOST_EXAMPLES ? say.full(MOST_EXAMPLES) : "";
  const takeQuestions = (): Promise<void> =>
    attempt("runs", async () => {
      const more = further.slice(0, MOST_EXAMPLES - examples.length);
      const found: Example[] = [];
      for (const one of more) found.push({ question: one.question, pictures: await picturesOf(one) });
      onChange([...examples, ...found]);
    });
  const change = (n: number, changed: Partial<Example>): void =>
    onChange(examples.map((example, i) => (i === n ? { ...example, ...changed } : example)));
  return (
    <fieldset>
      <legend>{say.examples}</legend>
      {examples.map((example, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a question is edited in its place.
        <div className="row" key={n}>
          {example.pictures.map((picture) => (
            <BlobPicture key={picture.name} blob={picture} name={picture.name} alt={say.picture(n + 1)} />
          ))}
          <label className="grow">
            <span>{say.question(n + 1)}</span>
            <input
              type="text"
              value={example.question}
              onChange={(event) => change(n, { question: event.target.value })}
            />
          </label>
          <Action kind="quiet" onPress={() => onChange(examples.filter((_, i) => i !== n))}>
            {say.remove(n + 1)}
          </Action>
        </div>
      ))}
      <div className="row">
        <Action reason={full || (further.length === 0 ? say.noData : "")} onPress={() => void takeQuestions()}>
          {say.fromData}
        </Action>
        <PickButton
          accept="image/*"
          reason={full}
          onPick={(picked) =>
            onChange([
              ...examples,
              ...picked.map(({ path, blob }) => ({
                question: "",
                pictures: [new File([blob], path, { type: blob.type })],
              })),
            ])
          }
        >
          {say.add}
        </PickButton>
      </div>
    </fieldset>
  );
}
