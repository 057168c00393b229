/** A data set of the hub: its name and how many rows of it, then what that costs, and the question. */
import { useEffect, useRef } from "react";
import { bytesFor } from "../../workers/data/hub/cost.ts";
import type { HubOffer } from "../../workers/protocol/dataset.ts";
import { counted } from "../../workers/words.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { bytes } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { rowsMeant, useHubData } from "../stores/hub-data.ts";
import { costWords, rowsWords } from "./hub-words.ts";

/** `reason`: why rows cannot be read now, "" when they can. */
export function HubData({ reason }: { reason: string }) {
  const { name, rows, asking, offer, setName, setRows, lookUp } = useHubData();
  const busy = asking ? "The hub is being asked." : reason;
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
          <Field label="Data set of the hub" hint="owner/name@revision:config/split, or its address">
            {(attributes) => (
              <input
                {...attributes}
                type="text"
                value={name}
                placeholder="owner/name"
                spellCheck={false}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </div>
        <div>
          <Field
            label="Rows of it"
            hint="the first ones, or all"
            problem={rowsMeant(rows) === null ? 'Must be a number, or "all".' : undefined}
          >
            {(attributes) => (
              <input {...attributes} type="text" value={rows} onChange={(event) => setRows(event.target.value)} />
            )}
          </Field>
        </div>
        <Action type="submit" reason={busy || (name.trim() === "" ? "Write the name of a data set first." : "")}>
          Look it up
        </Action>
      </form>
      {asking && <Progress label="Asking the hub" />}
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
  return (
    <section className="note" aria-label="From the hub" ref={place}>
      <p>
        <strong>{set.label}</strong> at{" "}
        <a href={page} target="_blank" rel="noreferrer">
          {set.commit.slice(0, 7)}
        </a>
        : {rowsWords(set.rows)} in {counted(set.files.length, "Parquet file")}, {bytes(set.bytes)},{" "}
        {set.licence ? `licence ${set.licence}` : "no licence told"}.
        {keptBytes > 0 && ` ${bytes(keptBytes)} of it are in this browser already.`}
      </p>
      {set.notes.length > 0 && <p>{set.notes.join(" ")}</p>}
      {rows !== null && <p>{costWords(set, rows)}</p>}
      <div className="row">
        <Action kind="primary" reason={rows === null ? "Say how many rows first." : reason} onPress={() => void read()}>
          Read {rows == null ? "all rows" : counted(rows, "row")}
          {moved !== undefined && ` (about ${bytes(moved)})`}
        </Action>
        <button type="button" onClick={dismiss}>
          No, thank you
        </button>
      </div>
    </section>
  );
}
