/** What a model said to held-out rows: pictures, questions, right answers, and its own before training beside those of another step. */
import { Download } from "lucide-react";
import { useState } from "react";
import {
  type AskedRow,
  type GivenAnswer,
  type RunAnswers,
  toAnswerLines,
} from "../../workers/training/saved/answers.ts";
import { words } from "../words/index.ts";
import { Action } from "./Action.tsx";
import { BoxedPicture, BoxToggle } from "./BoxedPicture.tsx";
import "./gallery.css";
import { courseOf, judgeWords, markOf, orderOf, rightWords } from "./answer-words.ts";
import { download } from "./download.ts";
import { RowPicture } from "./RowPicture.tsx";
import { Scroll } from "./Scroll.tsx";

/** Rows that are on show at first. */
const FIRST = 12;

function Said({ when, answer }: { when: string; answer: GivenAnswer }) {
  const mark = markOf(answer);
  const say = words().parts.gallery;
  return (
    <div className="said">
      <dt>{when}</dt>
      <dd>
        <span className={`mark ${mark.kind}`}>
          <span aria-hidden="true">{mark.sign} </span>
          {mark.words}
        </span>
        <p>{answer.text || <i>{say.nothing}</i>}</p>
        {answer.stopped === "length" && <span className="hint">{say.cut}</span>}
      </dd>
    </div>
  );
}

interface ItemProps {
  row: AskedRow;
  picture: RunAnswers["pictures"][number];
  said: { when: string; answer: GivenAnswer }[];
}

function Item({ row: { position, question, right }, picture, said }: ItemProps) {
  const say = words().parts.gallery;
  return (
    <li>
      {picture ? (
        <BoxedPicture
          shown={picture.shown}
          layers={[
            { kind: "right", text: right[0] ?? "" },
            { kind: "given", text: said.at(-1)?.answer.text ?? "" },
          ]}
        >
          <RowPicture picture={picture} label={say.pictureOf(position)} />
        </BoxedPicture>
      ) : (
        <span />
      )}
      <div>
        <p className="asked">{question || <i>{say.noQuestion}</i>}</p>
        <dl>
          <div className="said whole">
            <dt>{say.rightAnswer}</dt>
            <dd>{right.length > 0 ? rightWords(right) : <i>{say.noneInWords}</i>}</dd>
          </div>
          {said.map(({ when, answer }) => (
            <Said key={when} when={when} answer={answer} />
          ))}
        </dl>
      </div>
    </li>
  );
}

interface GalleryProps {
  answers: RunAnswers;
  /** Of the file. */
  name: string;
  /** The worst answers come first from the beginning. */
  wrongFirst?: boolean;
}

/** Shows the newest answers, as they come, until somebody chooses a step. */
export function AnswerGallery({ answers, name, wrongFirst = false }: GalleryProps) {
  const { rows, pictures, steps } = answers;
  const [chosen, setChosen] = useState<number>();
  const [worstFirst, setWorstFirst] = useState(wrongFirst);
  const [all, setAll] = useState(false);
  const at = Math.min(chosen ?? steps.length - 1, steps.length - 1);
  const [first, shown] = [steps[0], steps[at]];
  if (!first || !shown) return null;
  const say = words().parts.gallery;
  const pairs = shown === first ? [first] : [first, shown];
  const order = orderOf(shown.answers, worstFirst);
  const save = (): void => {
    const lines = steps.flatMap((step) => toAnswerLines(answers, step)).map((line) => `${line}\n`);
    download(new Blob(lines, { type: "application/jsonl" }), `${name}.jsonl`);
  };
  return (
    <>
      <p className="course">{courseOf(answers)}</p>
      <div className="row centred answer-tools">
        <label className="grow">
          <span>{say.shown(say.when(shown.step))}</span>
          <input
            type="range"
            aria-label={say.step}
            aria-valuetext={say.when(shown.step)}
            disabled={steps.length < 2}
            min={0}
            max={Math.max(1, steps.length - 1)}
            step={1}
            value={at}
            onChange={({ target }) =>
              setChosen(target.valueAsNumber === steps.length - 1 ? undefined : target.valueAsNumber)
            }
          />
        </label>
        <BoxToggle both />
        {shown.answers.some(({ score }) => score !== null) && (
          <label className="inline">
            <input type="checkbox" checked={worstFirst} onChange={({ target }) => setWorstFirst(target.checked)} />
            <span>{say.worstFirst}</span>
          </label>
        )}
      </div>
      {/* It scrolls where it stands beside a chart. */}
      <Scroll label={say.box} className="answers-box">
        <ul className="gallery" aria-label={say.label}>
          {(all ? order : order.slice(0, FIRST)).map((n) => (
            <Item
              key={rows[n]!.position}
              row={rows[n]!}
              picture={pictures[n] ?? null}
              said={pairs.map(({ step, answers: of }) => ({ when: say.when(step), answer: of[n]! }))}
            />
          ))}
        </ul>
        {order.length > FIRST && !all && (
          <button type="button" className="quiet" onClick={() => setAll(true)}>
            {say.showAll(order.length)}
          </button>
        )}
        <p className="detail">{judgeWords(answers)}</p>
        <Action kind="quiet" icon={Download} onPress={save}>
          {say.download}
        </Action>
      </Scroll>
    </>
  );
}
