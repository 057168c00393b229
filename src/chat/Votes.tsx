/** The votes that this browser keeps: what they add up to, a file of them, and their removal. */
import { useState } from "react";
import { Action } from "../parts/Action.tsx";
import { useVotes } from "../stores/votes.ts";
import { words } from "../words/index.ts";
import { tallies, tallyWords, voteWords } from "./tally.ts";

/** Votes in the list at first. */
const SHOWN = 20;

function DeleteAll() {
  const votes = useVotes((s) => s.votes.length + s.damaged);
  const { remove } = useVotes.getState();
  const [asked, setAsked] = useState(false);
  const say = words().chat.votes;
  if (!asked) {
    return (
      <Action kind="quiet" onPress={() => setAsked(true)}>
        {say.deleteAll}
      </Action>
    );
  }
  return (
    <>
      <Action
        onPress={() => {
          setAsked(false);
          void remove();
        }}
      >
        {say.deleteForGood(votes)}
      </Action>
      <Action kind="quiet" onPress={() => setAsked(false)}>
        {say.keep}
      </Action>
    </>
  );
}

export function Votes() {
  const { votes, damaged, exported, busy } = useVotes();
  const { remove, save } = useVotes.getState();
  const [all, setAll] = useState(false);
  const say = words().chat.votes;
  if (votes.length + damaged === 0) return null;
  const reason = busy ? say.busy : "";
  const hidden = votes.length - SHOWN;
  return (
    <details className="votes-kept">
      <summary>{say.title(votes.length)}</summary>
      <ul className="detail">
        {tallies(votes).map((tally) => (
          <li key={tally.names.join("\n")}>{tallyWords(tally)}</li>
        ))}
        {damaged > 0 && <li>{say.damaged(damaged)}</li>}
      </ul>
      <div className="row centred">
        <Action reason={reason} onPress={() => void save()}>
          {say.download}
        </Action>
        <DeleteAll />
      </div>
      <p className="hint" aria-live="polite">
        {exported || say.downloadHint}
      </p>
      <ul className="vote-list">
        {(all ? votes : votes.slice(0, SHOWN)).map((vote) => (
          <li key={vote.id}>
            <span dir="auto">{voteWords(vote)}</span>
            <Action
              kind="quiet"
              label={say.deleteLabel(vote.left.turns.at(-1)?.text ?? "")}
              reason={reason}
              onPress={() => void remove(vote.id)}
            >
              {say.delete}
            </Action>
          </li>
        ))}
      </ul>
      {hidden > 0 && !all && (
        <Action kind="quiet" onPress={() => setAll(true)}>
          {say.more(hidden)}
        </Action>
      )}
    </details>
  );
}
