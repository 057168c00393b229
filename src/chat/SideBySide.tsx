/** Two columns: what two speakers say to the same question, and which of them said it better. */
import type { ReactNode } from "react";
import type { Verdict } from "../../workers/chat/votes.ts";
import { Action } from "../parts/Action.tsx";
import { BoxToggle } from "../parts/BoxedPicture.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { useSides } from "../stores/sides.ts";
import { isAnswered, SIDES, type Side, type SidesRow } from "../stores/sides-rows.ts";
import { canGoOn } from "../stores/turns.ts";
import { useVotes } from "../stores/votes.ts";
import { words } from "../words/index.ts";
import { boxedAnswer } from "./boxes.ts";
import { ChatPicture } from "./ChatPicture.tsx";
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

function Answer({ row, side, rows }: { row: SidesRow; side: Side; rows: readonly SidesRow[] }) {
  const { text } = row[side];
  const boxed = boxedAnswer(rows, row, side);
  const [name, footnote] = [nameOn(row, side), footnoteOn(row, side)];
  return (
    <div className="turn assistant">
      <span className="author">{name}</span>
      {boxed && <ChatPicture {...boxed} alt={words().chat.pictures.boxedBy(name)} />}
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
  rows: readonly SidesRow[];
  obstacle: string;
}

function Row({ row, rows, obstacle }: RowProps) {
  const temperature = useChat((s) => s.temperature);
  const { edit, goOn, regenerate } = useSides.getState();
  /** Questions behind it. */
  const later = rows.length - rows.indexOf(row) - 1;
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
          <Answer key={side} row={row} side={side} rows={rows} />
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
        {rows.map((row) => (
          <Row key={row.id} row={row} rows={rows} obstacle={obstacle} />
        ))}
      </Log>
      <BoxToggle both />
      <Spoken text={spokenSide(rows.at(-1))} atOnce />
    </>
  );
}
