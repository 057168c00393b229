/** The Storage panel: what this browser keeps, how large it is, and how to delete it. */
import { useEffect, useRef } from "react";
import type { StorageInfo } from "../../workers/protocol/engine.ts";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { useShell } from "../stores/shell.ts";
import { useStorage } from "../stores/storage.ts";
import { words } from "../words/index.ts";
import { KeptPage } from "./KeptPage.tsx";
import { useObstacle } from "./obstacle.ts";
import { StorageCheck } from "./StorageCheck.tsx";

type Item = StorageInfo["items"][number];

/** Looks anew whenever the list comes into sight: models, rows and runs were kept meanwhile. */
function useLookInSight() {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Without a secure context there is no storage to look into.
    if (!list.current || !window.isSecureContext) return;
    const look = (): void => {
      void useStorage.getState().refresh();
      // Parts of the page are kept as they are fetched.
      void useShell.getState().refresh();
    };
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && look());
    watcher.observe(list.current);
    return () => watcher.disconnect();
  }, []);
  return list;
}

function Stored({ items }: { items: Item[] }) {
  const obstacle = useObstacle();
  const remove = useStorage((s) => s.remove);
  const say = words().storage;
  return (
    <table aria-label={say.table}>
      <thead>
        <tr>
          <th scope="col">{say.columns.what}</th>
          <th scope="col" className="number">
            {say.columns.size}
          </th>
          <th scope="col">
            <span className="visually-hidden">{say.columns.remove}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.kind} ${item.key}`}>
            <td>
              {say.kinds[item.kind]}: <strong dir="auto">{item.label}</strong>{" "}
              <span className="detail">{item.detail}</span>
            </td>
            <td className="number">{bytes(item.bytes)}</td>
            <td>
              <Action
                kind="quiet"
                label={say.remove(item.label)}
                reason={obstacle(item.kind)}
                onPress={() => {
                  if (confirm(say.sure(item.label, bytes(item.bytes)))) void remove(item);
                }}
              >
                {say.columns.remove}
              </Action>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function StoragePanel() {
  const { info, persist } = useStorage();
  const list = useLookInSight();
  const say = words().storage;
  return (
    <Panel title={say.title} place="storage" lead={info && say.used(bytes(info.usage), bytes(info.quota))}>
      <div ref={list} className="stored">
        <h3>{say.keeps}</h3>
        <p className="detail">{say.why}</p>
        {!info && <p className="detail">{say.looking}</p>}
        {info && info.items.length > 0 && <Stored items={info.items} />}
        {info?.swept && <p className="detail">{info.swept}</p>}
        {info?.items.length === 0 && <p className="detail">{say.nothing}</p>}
        <KeptPage />
      </div>
      {info && <StorageCheck />}
      {info && !info.persisted && (
        <div className="row">
          <p className="detail grow">{say.mayGo}</p>
          <button type="button" onClick={persist}>
            {say.persist}
          </button>
        </div>
      )}
    </Panel>
  );
}
