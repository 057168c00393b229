/** The Storage panel: what this browser keeps, how large it is, and how to delete it. */
import type { StorageInfo } from "../../workers/protocol/engine.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { useStorage } from "../stores/storage.ts";

const kinds = { model: "Model", data: "Data", ranges: "Data set", run: "Run", votes: "Votes", answers: "Answers" };

function words({ usage, quota }: StorageInfo): string {
  return `${bytes(usage)} used of the ${bytes(quota)} that this browser allows.`;
}

export function StoragePanel() {
  const { info, busy, refresh, remove, persist } = useStorage();
  return (
    <Panel title="Storage" place="storage" lead={info && words(info)}>
      <details onToggle={(event) => event.currentTarget.open && refresh()}>
        <summary>What this browser keeps</summary>
        {info && info.items.length > 0 && (
          <table aria-label="Stored">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" className="number">
                  Size
                </th>
                <th scope="col">
                  <span className="visually-hidden">Delete</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {info.items.map((item) => (
                <tr key={`${item.kind} ${item.key}`}>
                  <td>
                    {kinds[item.kind]}: <strong>{item.label}</strong> <span className="detail">{item.detail}</span>
                  </td>
                  <td className="number">{bytes(item.bytes)}</td>
                  <td>
                    <Action
                      kind="quiet"
                      label={`Delete ${item.label}`}
                      reason={busy === undefined ? "" : "Something is being deleted."}
                      onPress={() => {
                        if (confirm(`Delete ${item.label} (${bytes(item.bytes)}) from this browser?`))
                          void remove(item);
                      }}
                    >
                      Delete
                    </Action>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {info?.swept && <p className="detail">{info.swept}</p>}
        {info?.items.length === 0 && <p className="detail">Nothing yet.</p>}
      </details>
      {info && !info.persisted && (
        <div className="row">
          <p className="detail grow">
            When the disk gets full, a browser may clear what pages keep, without asking: models would be fetched again,
            but runs and adapters would be lost.
          </p>
          <button type="button" onClick={persist}>
            Keep my data
          </button>
        </div>
      )}
    </Panel>
  );
}
