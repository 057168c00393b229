/** The hub gives the base model to some accounts only: where its terms are, and a place for the visitor's own token. */
import { useId, useState } from "react";
import { say } from "./words.ts";

interface AccessProps {
  /** Of the base model at the hub, and the address of its page there. */
  name: string;
  card: string;
  /** Where a token goes to. */
  hub: string;
  /** A token was given already. */
  refused: boolean;
  onToken(token: string): void;
}

/** No form: what a form with a password in it sends, browsers offer to keep. */
export function Access({ name, card, hub, refused, onToken }: AccessProps) {
  const [token, setToken] = useState("");
  const id = useId();
  const { access } = say;
  const given = token.trim();
  // Anything else cannot stand in a header: the request would fail as if there were no network.
  const fits = /^[!-~]+$/.test(given);
  const go = (): void => {
    if (fits) onToken(given);
  };
  return (
    <section className="note" aria-labelledby={`${id}title`}>
      <h2 id={`${id}title`}>{access.title}</h2>
      <p role="alert">{refused ? access.refused(name) : access.why(name)}</p>
      <p>
        {access.terms}{" "}
        <a href={card} target="_blank" rel="noreferrer">
          {card}
        </a>
      </p>
      <label htmlFor={`${id}token`}>{access.token}</label>
      <input
        id={`${id}token`}
        type="password"
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}hint`}
        value={token}
        onChange={(event) => setToken(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") go();
        }}
      />
      <small id={`${id}hint`}>{access.hint(hub)}</small>
      <div className="buttons">
        <button
          type="button"
          className="primary"
          aria-disabled={!fits || undefined}
          title={fits ? undefined : access.missing}
          onClick={go}
        >
          {access.go}
        </button>
      </div>
    </section>
  );
}
