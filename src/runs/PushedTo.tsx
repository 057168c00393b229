/** Where a push went. */
import { words } from "../words/index.ts";

export function PushedTo({ address }: { address: string }) {
  return (
    <p className="detail">
      {words().runs.push.pushedTo}{" "}
      <a href={address} target="_blank" rel="noreferrer">
        {address}
      </a>
      .
    </p>
  );
}
