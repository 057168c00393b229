/** The Chat panel: the conversation or two side by side, the pictures that go along, the message box, and how words are chosen. */
import type { ClipboardEvent } from "react";
import { Panel } from "../parts/Panel.tsx";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isWorking } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { pairOf, useSides } from "../stores/sides.ts";
import { SIDES } from "../stores/sides-rows.ts";
import { speakersOf } from "../stores/speakers.ts";
import { useTraining } from "../stores/training.ts";
import { answersOf } from "../stores/turns.ts";
import { words } from "../words/index.ts";
import { AnswerAdvice } from "./AnswerAdvice.tsx";
import { AnswerSettings } from "./AnswerSettings.tsx";
import { AdapterSwitch, Composer } from "./Composer.tsx";
import { Conversation } from "./Conversation.tsx";
import { Empty } from "./Empty.tsx";
import { Pair } from "./Pair.tsx";
import { AttachedPictures, SamplePictures } from "./Pictures.tsx";
import { SideBySide } from "./SideBySide.tsx";
import { askObstacle, emptyWords, pairObstacle } from "./status.ts";
import { Votes } from "./Votes.tsx";
import "./chat.css";

function SidesSwitch() {
  const on = useSides((s) => s.on);
  const busy = useChat((s) => s.busy);
  const { setOn } = useSides.getState();
  return (
    <label className="inline">
      <input
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a check box tells its state by itself
        role="switch"
        checked={on}
        disabled={busy}
        onChange={(event) => setOn(event.target.checked)}
      />
      <span>{words().chat.sideBySide}</span>
    </label>
  );
}

/** Who can be asked and who is picked. */
function usePair() {
  const picked = useSides((s) => s.picked);
  const runs = useRuns((s) => s.runs);
  const info = useModel((s) => s.info);
  const runId = useTraining((s) => s.runId);
  const step = useTraining((s) => s.step);
  const paused = useTraining((s) => (s.state === "paused" ? s.runId : undefined));
  const speakers = info ? speakersOf(info.id, runs, { runId, step }) : [];
  const pair = pairOf(speakers, picked);
  return { speakers, pair, obstacle: pairObstacle({ speakers: speakers.length, ...pair, paused }) };
}

interface ChatProps {
  model: boolean;
  training: boolean;
  /** Why nobody can be asked; "" when somebody can. */
  obstacle: string;
}

const placeholderOf = (training: boolean): string =>
  training ? words().chat.obstacles.training : words().chat.composer.label;

function Single({ model, training, obstacle }: ChatProps) {
  const attached = useChat((s) => s.attached.length);
  const turns = useChat((s) => s.turns);
  const begun = turns.length > 0;
  const told = useChat((s) => s.told);
  const { send, clear } = useChat.getState();
  return (
    <>
      <Conversation
        empty={<Empty lead={emptyWords({ model, attached })} obstacle={obstacle} onAsk={send} />}
        obstacle={obstacle}
      />
      <AnswerAdvice answers={answersOf(turns)} />
      <Told sentence={told} />
      <Attaching />
      <Composer obstacle={obstacle} placeholder={placeholderOf(training)} begun={begun} onAsk={send} onClear={clear}>
        <AdapterSwitch />
      </Composer>
    </>
  );
}

function Two({ model, training, obstacle }: ChatProps) {
  const { speakers, pair, obstacle: unpaired } = usePair();
  const attached = useChat((s) => s.attached.length);
  const rows = useSides((s) => s.rows);
  const begun = rows.length > 0;
  const told = useSides((s) => s.told);
  const { ask, clear } = useSides.getState();
  const reason = obstacle || unpaired;
  return (
    <>
      <Pair speakers={speakers} pair={pair} />
      <SideBySide
        empty={<Empty lead={unpaired || emptyWords({ model, attached })} obstacle={reason} onAsk={ask} />}
        obstacle={reason}
      />
      <AnswerAdvice answers={rows.flatMap((row) => SIDES.map((side) => row[side]))} />
      <Told sentence={told} />
      <Attaching />
      <Composer obstacle={reason} placeholder={placeholderOf(training)} begun={begun} onAsk={ask} onClear={clear} />
    </>
  );
}

function Told({ sentence }: { sentence: string }) {
  return (
    <div aria-live="polite" className="live">
      {sentence && <p className="note">{sentence}</p>}
    </div>
  );
}

function Attaching() {
  const { attached, attach, detach, leftAside } = useChat();
  const demo = useModel((s) => s.info?.demo);
  const two = useSides((s) => s.on);
  const inTurns = useChat((s) => s.turns.some((turn) => turn.pictures.length > 0));
  const inRows = useSides((s) => s.rows.some((row) => row.pictures.length > 0));
  const pictured = two ? inRows : inTurns;
  return (
    <>
      <Told sentence={leftAside} />
      <AttachedPictures pictures={attached} onRemove={detach} />
      {demo && attached.length === 0 && !pictured && <SamplePictures onPick={(file) => attach([file])} />}
    </>
  );
}

/** Pictures of the clipboard go along. Words that a program gives a picture of beside them (cells of a table) are words. */
function pasted(event: ClipboardEvent): void {
  const { files } = event.clipboardData;
  if (files.length === 0 || event.clipboardData.getData("text/plain") !== "") return;
  event.preventDefault();
  useChat.getState().attach(files);
}

export function ChatPanel() {
  const busy = useChat((s) => s.busy);
  const model = useModel((s) => s.info !== undefined);
  const training = useTraining((s) => isWorking(s.state));
  const two = useSides((s) => s.on);
  const Chat = two ? Two : Single;
  return (
    <Panel title={words().chat.title} place="chat" lead={words().chat.lead}>
      {/* A picture is pasted wherever in the chat one is: in the message, or in what was said. */}
      <div className="chat" onPaste={pasted}>
        <SidesSwitch />
        <Chat model={model} training={training} obstacle={askObstacle({ model, training, busy })} />
      </div>
      <AnswerSettings />
      <Votes />
    </Panel>
  );
}
