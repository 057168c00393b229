/** Who said what, as a log that scrolls to the newest words. */
import { Fragment, type ReactNode } from "react";
import { Action } from "../parts/Action.tsx";
import { type BoxLayer, BoxToggle } from "../parts/BoxedPicture.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { canGoOn, type Turn } from "../stores/turns.ts";
import { words } from "../words/index.ts";
import { layersOf } from "./boxes.ts";
import { ChatPicture } from "./ChatPicture.tsx";
import { Log } from "./Log.tsx";
import { spokenAnswer } from "./status.ts";
import { CopyAnswer, EditableQuestion, Regenerate, RightAnswer } from "./TurnTools.tsx";

interface TurnViewProps {
  turn: Turn;
  /** Questions behind it. */
  later: number;
  /** It is the last one. */
  last: boolean;
  /** Why nothing can be asked now; "" when it can. */
  obstacle: string;
}

function Question({ turn, layers, later, obstacle }: Omit<TurnViewProps, "last"> & { layers: BoxLayer[] }) {
  const { edit } = useChat.getState();
  return (
    <div className="turn user">
      <span className="visually-hidden">{words().chat.turns.you}</span>
      {turn.pictures.map(({ url }, i) => (
        <ChatPicture key={url} url={url} alt={words().chat.pictures.attached(i + 1)} layers={layers} />
      ))}
      <EditableQuestion text={turn.text} later={later} reason={obstacle} onAsk={(text) => void edit(turn, text)} />
    </div>
  );
}

function Answer({ turn, last, obstacle }: Omit<TurnViewProps, "later">) {
  const temperature = useChat((s) => s.temperature);
  const { goOn, regenerate } = useChat.getState();
  const { speaker, text, footnote } = turn;
  return (
    <div className="turn assistant">
      <span className="author">{speaker.name}</span>
      <p dir="auto">{text || "…"}</p>
      {footnote && <small>{footnote}</small>}
      {footnote && (
        <div className="row centred tools">
          <CopyAnswer text={text} whose={speaker.name} />
          {last && canGoOn(turn) && (
            <Action kind="quiet" reason={obstacle} onPress={() => void goOn(turn)}>
              {words().chat.turns.continue}
            </Action>
          )}
          {last && <Regenerate temperature={temperature} reason={obstacle} onPress={() => void regenerate()} />}
        </div>
      )}
    </div>
  );
}

interface ConversationProps {
  /** What stands in place of a conversation that has not begun. */
  empty: ReactNode;
  /** Why nothing can be asked now; "" when it can. */
  obstacle: string;
}

export function Conversation({ empty, obstacle }: ConversationProps) {
  const turns = useChat((s) => s.turns);
  const questions = turns.filter(({ role }) => role === "user");
  return (
    <>
      <Log newest={turns} questions={questions.length}>
        {turns.length === 0 && empty}
        {turns.map((turn, at) =>
          turn.role === "user" ? (
            <Question
              key={turn.id}
              turn={turn}
              layers={layersOf(turns, at)}
              later={questions.length - questions.indexOf(turn) - 1}
              obstacle={obstacle}
            />
          ) : (
            <Fragment key={turn.id}>
              <Answer turn={turn} last={turn === turns.at(-1)} obstacle={obstacle} />
              {turn.footnote && <RightAnswer text={turns[turns.indexOf(turn) - 1]?.rightAnswer} />}
            </Fragment>
          ),
        )}
      </Log>
      <BoxToggle both />
      <Spoken text={spokenAnswer(turns)} atOnce />
    </>
  );
}
