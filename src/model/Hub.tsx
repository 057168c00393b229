/** Models of the hub: which one, by whose leave, and what it costs. */
import { HUB } from "../../workers/hub/address.ts";
import type { ModelPreview } from "../../workers/protocol/model.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { bytes, count } from "../parts/format.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

/** Name, token and address. */
export function HubSettings({ byName, name, disabled }: { byName: boolean; name: string; disabled: boolean }) {
  const { hub, setHub, chooseHub } = useModel();
  const say = words().model.hub;
  const { settings, pattern } = words().hub;
  return (
    <>
      {byName && (
        <Field label={say.name} hint={say.nameHint}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              value={name}
              disabled={disabled}
              placeholder={pattern}
              spellCheck={false}
              onChange={(event) => chooseHub(event.target.value)}
            />
          )}
        </Field>
      )}
      <details>
        <summary>{settings.title}</summary>
        <div className="fields">
          <Field label={settings.token} hint={settings.tokenHint}>
            {(attributes) => (
              <input
                {...attributes}
                type="password"
                value={hub.token}
                disabled={disabled}
                autoComplete="off"
                onChange={(event) => setHub({ token: event.target.value })}
              />
            )}
          </Field>
          <Field label={settings.address} hint={settings.addressHint}>
            {(attributes) => (
              <input
                {...attributes}
                type="url"
                value={hub.endpoint}
                disabled={disabled}
                placeholder={HUB}
                onChange={(event) => setHub({ endpoint: event.target.value })}
              />
            )}
          </Field>
          <Field label={settings.client} hint={settings.clientHint}>
            {(attributes) => (
              <input
                {...attributes}
                type="text"
                value={hub.clientId}
                disabled={disabled}
                spellCheck={false}
                onChange={(event) => setHub({ clientId: event.target.value })}
              />
            )}
          </Field>
        </div>
        <p className="detail">{settings.forgotten}</p>
      </details>
    </>
  );
}

/** What a download costs, and the question. */
export function HubOffer({ preview }: { preview: ModelPreview }) {
  const { download, choose, hub } = useModel();
  const running = useTraining((s) => isRunning(s.state));
  const {
    label,
    commit,
    licence,
    parameters,
    fetchBytes,
    diskBytes,
    lacksBytes,
    gpuBytes,
    trainingBytes,
    fits,
    advice,
  } = preview;
  const card = `${hub.endpoint.trim().replace(/\/+$/, "")}/${label.split("@")[0]}/tree/${commit}`;
  const say = words().model.offer;
  return (
    <section className="note" aria-label={say.label}>
      <p>
        <strong>{label}</strong> {say.at}{" "}
        <a href={card} target="_blank" rel="noreferrer">
          {commit.slice(0, 7)}
        </a>
        : {say.is(count(parameters), licence)} {say.takes(bytes(diskBytes), bytes(gpuBytes), bytes(trainingBytes))}{" "}
        {say.fits[fits]}
      </p>
      {advice && <p>{advice}</p>}
      {lacksBytes > 0 && <p>{say.lacks(bytes(lacksBytes))}</p>}
      <div className="row">
        <Action kind="primary" reason={running ? say.running : ""} onPress={() => void download()}>
          {say.download(bytes(fetchBytes))}
        </Action>
        <button type="button" onClick={() => choose({ kind: "embedded" })}>
          {say.no}
        </button>
      </div>
    </section>
  );
}
