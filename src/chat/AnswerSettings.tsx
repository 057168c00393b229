/** What every answer is asked with: the system prompt, and how words are chosen. */
import { MOST_NEW_TOKENS } from "../../workers/metrics/answer-advice.ts";
import { Field } from "../parts/Field.tsx";
import { fixed } from "../parts/format.ts";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";
import { settingsWords, systemHint } from "./status.ts";

export function AnswerSettings() {
  const temperature = useChat((s) => s.temperature);
  const system = useChat((s) => s.system);
  const systemRole = useModel((s) => s.info?.systemRole);
  const maxNewTokens = useChat((s) => s.maxNewTokens);
  const say = words().chat.settings;
  const { setTemperature, setSystem, setMaxNewTokens } = useChat.getState();
  return (
    <details>
      <summary>{settingsWords(system, temperature)}</summary>
      <Field label={say.system} hint={systemHint(systemRole)}>
        {(attributes) => (
          <textarea {...attributes} rows={2} value={system} onChange={(event) => setSystem(event.target.value)} />
        )}
      </Field>
      <label>
        <span>{temperature === 0 ? say.greedy : say.temperatureLabel(fixed(temperature, 1))}</span>
        <input
          type="range"
          min={0}
          max={1.5}
          step={0.1}
          value={temperature}
          onChange={(event) => setTemperature(event.target.valueAsNumber)}
        />
      </label>
      <Field label={say.longest}>
        {(attributes) => (
          <input
            {...attributes}
            type="number"
            min={1}
            max={MOST_NEW_TOKENS}
            value={maxNewTokens}
            onChange={({ target: { valueAsNumber: n } }) =>
              Number.isInteger(n) && n >= 1 && n <= MOST_NEW_TOKENS && setMaxNewTokens(n)
            }
          />
        )}
      </Field>
    </details>
  );
}
