/** Two columns: what two speakers say to the same question, and which of them said it better. */
import type { ReactNode } from "react";
import type { Verdict } from "../../workers/chat/votes.ts";
import { Action } from "../parts/Action.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { useSides } from "../stores/sides.ts";
import { isAnswered, SIDES, type Side, type SidesRow } from "../stores/sides-rows.ts";
import { canGoOn } from "../stores/turns.ts";
import { useVotes } from "../stores/votes.ts";
import { words } from "../words/index.ts";
import { Log } from "./Log.tsx";
import { footnoteOn, nameOn, spokenSide } from "./status.ts";
import { CopyAnswer, EditableQuestion, Regenerate, RightAnswer } from "./TurnTools.tsx";

const CHOICES: Verdict[] = ["left", "right", "equal", "neither"];

function VoteButtons({ row }: { row: SidesRow }) {
  const verdict = useVotes((s) => s.votes.find(({ id }) => id === row.voteId)?.verdict);
  const busy = useVotes((s) => s.busy);
  const { vote } = useSides.getState();
  const say = words().chat.sides;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a field set stands in forms
    <div role="group" aria-label={say.which} className="row centred votes">
      <span aria-hidden="true">{say.which}</span>
      {CHOICES.map((choice) => (
        <Action
          key={choice}
          pressed={verdict === choice}
          reason={busy ? say.keeping : ""}
          onPress={() => void vote(row, choice)}
        >
          {say.verdicts[choice]}
        </Action>
      ))}
    </div>
  );
}

function Answer({ row, side }: { row: SidesRow; side: Side }) {
  const { text } = row[side];
  const [name, footnote] = [nameOn(row, side), footnoteOn(row, side)];
  return (
    <div className="turn assistant">
      <span className="author">{name}</span>
      <p dir="auto">{text || "…"}</p>
      {footnote && <small>{footnote}</small>}
      {row[side].ids && (
        <div className="row centred tools">
          <CopyAnswer text={text} whose={name} />
        </div>
      )}
    </div>
  );
}

interface RowProps {
  row: SidesRow;
  /** Questions behind it. */
  later: number;
  obstacle: string;
}

function Row({ row, later, obstacle }: RowProps) {
  const temperature = useChat((s) => s.temperature);
  const { edit, goOn, regenerate } = useSides.getState();
  const last = later === 0;
  return (
    <div className="sides-row">
      <div className="turn user">
        <span className="visually-hidden">{words().chat.turns.you}</span>
        {row.pictures.map(({ url }, i) => (
          <img key={url} src={url} alt={words().chat.pictures.attached(i + 1)} />
        ))}
        <EditableQuestion text={row.text} later={later} reason={obstacle} onAsk={(text) => void edit(row, text)} />
      </div>
      <div className="sides">
        {SIDES.map((side) => (
          <Answer key={side} row={row} side={side} />
        ))}
      </div>
      {isAnswered(row) && <RightAnswer text={row.rightAnswer} />}
      {isAnswered(row) && <VoteButtons row={row} />}
      {last && (
        <div className="row centred tools">
          {SIDES.some((side) => canGoOn(row[side])) && (
            <Action kind="quiet" reason={obstacle} onPress={() => void goOn(row)}>
              {words().chat.turns.continue}
            </Action>
          )}
          <Regenerate temperature={temperature} reason={obstacle} onPress={() => void regenerate()} />
        </div>
      )}
    </div>
  );
}

/** `obstacle`: why nothing can be asked now; "" when it can. */
export function SideBySide({ empty, obstacle }: { empty: ReactNode; obstacle: string }) {
  const rows = useSides((s) => s.rows);
  return (
    <>
      <Log newest={rows} questions={rows.length}>
        {rows.length === 0 && empty}
        {rows.map((row, n) => (
          <Row key={row.id} row={row} later={rows.length - n - 1} obstacle={obstacle} />
        ))}
      </Log>
      <Spoken text={spokenSide(rows.at(-1))} atOnce />
    </>
  );
}
