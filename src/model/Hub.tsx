/** Models of the hub: which one, by whose leave, and what it costs. */
import { HUB } from "../../workers/hub/address.ts";
import type { ModelPreview } from "../../workers/protocol/model.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { bytes, count } from "../parts/format.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";

/** Name, token and address. */
export function HubSettings({ byName, name, disabled }: { byName: boolean; name: string; disabled: boolean }) {
  const { hub, setHub, chooseHub } = useModel();
  return (
    <>
      {byName && (
        <Field label="Name on the hub" hint="owner/name, owner/name@revision or its address">
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              value={name}
              disabled={disabled}
              placeholder="owner/name"
              spellCheck={false}
              onChange={(event) => chooseHub(event.target.value)}
            />
          )}
        </Field>
      )}
      <details>
        <summary>Hub settings</summary>
        <div className="fields">
          <Field label="Access token" hint="for private and gated models">
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
          <Field label="Hub address" hint="of a mirror or a hub of your own">
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
          <Field label="OAuth client id" hint="to sign in with an app of your own">
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
        <p className="detail">The token is sent to this address only and is forgotten with the page.</p>
      </details>
    </>
  );
}

const verdicts = {
  fits: "should fit this GPU",
  tight: "will be tight on many GPUs",
  "too-large": "does not fit",
};

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
  return (
    <section className="note" aria-label="Download">
      <p>
        <strong>{label}</strong> at{" "}
        <a href={card} target="_blank" rel="noreferrer">
          {commit.slice(0, 7)}
        </a>
        : {count(parameters)} parameters, {licence ? `licence ${licence}` : "no licence told"}. {bytes(diskBytes)} will
        be kept in this browser, {bytes(gpuBytes)} go to the GPU; training with the preset Practical takes{" "}
        {bytes(trainingBytes)} of GPU memory and {verdicts[fits]}.
      </p>
      {advice && <p>{advice}</p>}
      {lacksBytes > 0 && (
        <p>
          This browser has {bytes(lacksBytes)} too little room to keep it: the model will work, but next time it has to
          be downloaded again. Deleting old runs and models under Storage, or freeing disk space, makes room.
        </p>
      )}
      <div className="row">
        <Action
          kind="primary"
          reason={running ? "A run is going on: stop and save it first." : ""}
          onPress={() => void download()}
        >
          Download {bytes(fetchBytes)}
        </Action>
        <button type="button" onClick={() => choose({ kind: "embedded" })}>
          No, thank you
        </button>
      </div>
    </section>
  );
}
