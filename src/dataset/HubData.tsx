/** A data set of the hub: its name and how many rows of it, then what that costs, and the question. */
import { useEffect, useRef } from "react";
import { bytesFor } from "../../workers/data/hub/cost.ts";
import type { HubOffer } from "../../workers/protocol/dataset.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { bytes } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { rowsMeant, useHubData } from "../stores/hub-data.ts";
import { words } from "../words/index.ts";
import { costWords, rowsWords } from "./hub-words.ts";

/** `reason`: why rows cannot be read now, "" when they can. */
export function HubData({ reason }: { reason: string }) {
  const { name, rows, asking, offer, setName, setRows, lookUp } = useHubData();
  const say = words().data.hub;
  const busy = asking ? say.asked : reason;
  return (
    <>
      <form
        className="row hub-data"
        onSubmit={(event) => {
          event.preventDefault();
          if (busy === "" && name.trim() !== "") void lookUp();
        }}
      >
        <div className="grow">
          <Field label={say.name} hint={say.nameHint}>
            {(attributes) => (
              <input
                {...attributes}
                type="text"
                value={name}
                placeholder={words().hub.pattern}
                spellCheck={false}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </div>
        <div>
          <Field label={say.rows} hint={say.rowsHint} problem={rowsMeant(rows) === null ? say.rowsProblem : undefined}>
            {(attributes) => (
              <input {...attributes} type="text" value={rows} onChange={(event) => setRows(event.target.value)} />
            )}
          </Field>
        </div>
        <Action type="submit" reason={busy || (name.trim() === "" ? say.noName : "")}>
          {say.lookUp}
        </Action>
      </form>
      {asking && <Progress label={say.asking} />}
      {offer && <Offer offer={offer} reason={reason} />}
    </>
  );
}

/** What reading costs, and the question. */
function Offer({ offer: { set, keptBytes }, reason }: { offer: HubOffer; reason: string }) {
  const { rows: text, read, dismiss } = useHubData();
  const place = useRef<HTMLElement>(null);
  // It may have been asked for beside the recipe, a screen away.
  useEffect(() => {
    // It returns a promise in some browsers, and an effect must not.
    void place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const rows = rowsMeant(text);
  const page = `${set.endpoint}/datasets/${set.repo}/tree/${set.commit}`;
  const moved = rows === null ? undefined : bytesFor(set, rows);
  const say = words().data.hub;
  const about = say.is(rowsWords(set.rows), set.files.length, bytes(set.bytes), set.licence);
  return (
    <section className="note" aria-label={say.offer} ref={place}>
      <p>
        <strong>{set.label}</strong> {say.at}{" "}
        <a href={page} target="_blank" rel="noreferrer">
          {set.commit.slice(0, 7)}
        </a>
        : {about}
        {keptBytes > 0 && ` ${say.kept(bytes(keptBytes))}`}
      </p>
      {set.notes.length > 0 && <p>{set.notes.join(" ")}</p>}
      {rows !== null && <p>{costWords(set, rows)}</p>}
      <div className="row">
        <Action kind="primary" reason={rows === null ? say.noRows : reason} onPress={() => void read()}>
          {say.read(rows ?? undefined, moved === undefined ? undefined : bytes(moved))}
        </Action>
        <button type="button" onClick={dismiss}>
          {say.no}
        </button>
      </div>
    </section>
  );
}
