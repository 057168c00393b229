/** The votes that this browser keeps: what they add up to, a file of them, and their removal. */
import { useState } from "react";
import { counted } from "../../workers/words.ts";
import { Action } from "../parts/Action.tsx";
import { useVotes } from "../stores/votes.ts";
import { tallies, tallyWords, voteWords } from "./tally.ts";

/** Votes in the list at first. */
const SHOWN = 20;

function DeleteAll() {
  const votes = useVotes((s) => s.votes.length + s.damaged);
  const { remove } = useVotes.getState();
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <Action kind="quiet" onPress={() => setAsked(true)}>
        Delete all votes
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
        {`Delete ${counted(votes, "vote")} for good`}
      </Action>
      <Action kind="quiet" onPress={() => setAsked(false)}>
        Keep them
      </Action>
    </>
  );
}

export function Votes() {
  const { votes, damaged, exported, busy } = useVotes();
  const { remove, save } = useVotes.getState();
  const [all, setAll] = useState(false);
  if (votes.length + damaged === 0) return null;
  const reason = busy ? "Votes are being kept or read." : "";
  const hidden = votes.length - SHOWN;
  return (
    <details className="votes-kept">
      <summary>Votes ({votes.length})</summary>
      <ul className="detail">
        {tallies(votes).map((tally) => (
          <li key={tally.names.join("\n")}>{tallyWords(tally)}</li>
        ))}
        {damaged > 0 && <li>{counted(damaged, "vote")} cannot be read: damaged, or of a newer version.</li>}
      </ul>
      <div className="row centred">
        <Action reason={reason} onPress={() => void save()}>
          Download preference rows
        </Action>
        <DeleteAll />
      </div>
      <p className="hint" aria-live="polite">
        {exported || "A zip for TRL's DPOTrainer: prompt, chosen, rejected and images. Ties are left out."}
      </p>
      <ul className="vote-list">
        {(all ? votes : votes.slice(0, SHOWN)).map((vote) => (
          <li key={vote.id}>
            <span dir="auto">{voteWords(vote)}</span>
            <Action
              kind="quiet"
              label={`Delete the vote on ${vote.left.turns.at(-1)?.text ?? ""}`}
              reason={reason}
              onPress={() => void remove(vote.id)}
            >
              Delete
            </Action>
          </li>
        ))}
      </ul>
      {hidden > 0 && !all && (
        <Action kind="quiet" onPress={() => setAll(true)}>
          {`Show ${hidden} more`}
        </Action>
      )}
    </details>
  );
}
