/** What every answer is asked with: the system prompt, and how words are chosen. */
import { MOST_NEW_TOKENS } from "../../workers/metrics/answer-advice.ts";
import { Field } from "../parts/Field.tsx";
import { fixed } from "../parts/format.ts";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";
import { settingsWords, systemHint } from "./status.ts";

interface WholeProps {
  label: string;
  hint: string;
  value: number | undefined;
  /** Lowest and highest. */
  range: readonly [number, number];
  onChange(value: number): void;
  /** Where it may be empty. */
  onEmpty?(): void;
}

/** What is out of range is not taken, as long as somebody is writing it. */
function WholeNumber({ label, hint, value, range: [least, most], onChange, onEmpty }: WholeProps) {
  return (
    <Field label={label} hint={hint}>
      {(attributes) => (
        <input
          {...attributes}
          type="number"
          min={least}
          max={most}
          value={value ?? ""}
          onChange={({ target: { value: text, valueAsNumber: n } }) => {
            if (text === "") onEmpty?.();
            else if (Number.isInteger(n) && n >= least && n <= most) onChange(n);
          }}
        />
      )}
    </Field>
  );
}

function Drawing() {
  const temperature = useChat((s) => s.temperature);
  const topP = useChat((s) => s.topP);
  const topK = useChat((s) => s.topK);
  const seed = useChat((s) => s.seed);
  const { change } = useChat.getState();
  const say = words().chat.settings;
  return (
    <>
      <label>
        <span>{temperature === 0 ? say.greedy : say.temperatureLabel(fixed(temperature, 1))}</span>
        <input
          type="range"
          min={0}
          max={1.5}
          step={0.1}
          value={temperature}
          onChange={(event) => change({ temperature: event.target.valueAsNumber })}
        />
      </label>
      <div className="fields">
        <Field label={say.topPLabel} hint={temperature === 0 ? say.withoutEffect : say.topPHint}>
          {(attributes) => (
            <input
              {...attributes}
              type="number"
              min={0.05}
              max={1}
              step={0.05}
              value={topP}
              onChange={({ target: { valueAsNumber: p } }) => p > 0 && p <= 1 && change({ topP: p })}
            />
          )}
        </Field>
        <WholeNumber
          label={say.topKLabel}
          hint={temperature === 0 ? say.withoutEffect : say.topKHint}
          value={topK === 0 ? undefined : topK}
          range={[1, 1e6]}
          onChange={(n) => change({ topK: n })}
          onEmpty={() => change({ topK: 0 })}
        />
        <WholeNumber
          label={say.seedLabel}
          hint={temperature === 0 ? say.withoutEffect : say.seedHint}
          value={seed}
          range={[0, 2 ** 32 - 1]}
          onChange={(n) => change({ seed: n })}
          onEmpty={() => change({ seed: undefined })}
        />
      </div>
    </>
  );
}

export function AnswerSettings() {
  const { system, maxNewTokens, change, ...sampling } = useChat();
  const systemRole = useModel((s) => s.info?.systemRole);
  const say = words().chat.settings;
  return (
    <details className="answer-settings">
      <summary>{settingsWords(system, sampling)}</summary>
      <Field label={say.system} hint={systemHint(systemRole)}>
        {(attributes) => (
          <textarea
            {...attributes}
            dir="auto"
            rows={2}
            value={system}
            onChange={(event) => change({ system: event.target.value })}
          />
        )}
      </Field>
      <Drawing />
      <WholeNumber
        label={say.longest}
        hint={say.longestHint}
        value={maxNewTokens}
        range={[1, MOST_NEW_TOKENS]}
        onChange={(n) => change({ maxNewTokens: n })}
      />
    </details>
  );
}
