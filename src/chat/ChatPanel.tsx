/** The Chat panel: the conversation, the pictures that go along, the message box, and how words are chosen. */
import { Panel } from "../parts/Panel.tsx";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isWorking } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { Composer } from "./Composer.tsx";
import { Conversation } from "./Conversation.tsx";
import { AttachedPictures, SamplePictures } from "./Pictures.tsx";
import { askObstacle, emptyWords } from "./status.ts";
import "./chat.css";

function Sampling() {
  const temperature = useChat((s) => s.temperature);
  const { setTemperature } = useChat.getState();
  return (
    <details>
      <summary>Sampling</summary>
      <label>
        <span>Temperature {temperature === 0 ? "(0: always the likeliest word)" : temperature.toFixed(1)}</span>
        <input
          type="range"
          min={0}
          max={1.5}
          step={0.1}
          value={temperature}
          onChange={(event) => setTemperature(event.target.valueAsNumber)}
        />
      </label>
    </details>
  );
}

export function ChatPanel() {
  const { attached, busy, attach, detach } = useChat();
  const pictured = useChat((s) => s.turns.some((turn) => turn.pictures.length > 0));
  const info = useModel((s) => s.info);
  const training = useTraining((s) => isWorking(s.state));
  const model = info !== undefined;
  const obstacle = askObstacle({ model, training, busy });
  return (
    <Panel title="Chat" place="chat" lead="Ask the model about a picture, with and without what it has learnt.">
      <Conversation empty={emptyWords({ model, attached: attached.length })} obstacle={obstacle} />
      <AttachedPictures pictures={attached} onRemove={detach} />
      {info?.demo && attached.length === 0 && !pictured && <SamplePictures onPick={(file) => attach([file])} />}
      <Composer obstacle={obstacle} placeholder={training ? "Pause the training to chat." : "Message"} />
      <Sampling />
    </Panel>
  );
}
