/** A button that makes a folder for a GPU server, how far it is, and what the server does otherwise. */
import { words } from "../words/index.ts";
import { Action } from "./Action.tsx";

interface ServerFolderProps {
  /** Why it cannot be made now; "" when it can. */
  obstacle: string;
  /** How far it is, or what came of it. */
  told: string;
  notes: readonly string[];
  onPress(): void;
}

export function ServerFolder({ obstacle, told, notes, onPress }: ServerFolderProps) {
  const say = words().runs.handOver;
  return (
    <>
      <Action reason={obstacle} onPress={onPress}>
        {say.button}
      </Action>
      <p className="hint" aria-live="polite">
        {told}
      </p>
      {notes.length > 0 && (
        <ul aria-label={say.notes}>
          {notes.map((note) => (
            <li key={note} className="detail">
              {note}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
