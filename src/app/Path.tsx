/** The path: a rail on wide screens, a bar on narrow ones. What is chosen in each place, how it stands, and the one next step. */
import { useEffect, useState } from "react";
import { ADDRESSES, type Address, isAddress } from "../page/address.ts";
import type { NextStep, PathPlace, Standing } from "./path.ts";
import "./path.css";

const standingWords: Record<Standing, string> = {
  empty: "empty",
  working: "working",
  ready: "ready",
  "needs you": "needs you",
};

/** The place that takes most of the window; the first of several. */
function mostSeen(): Address {
  let most: { id: Address; height: number } = { id: "model", height: 0 };
  for (const id of ADDRESSES) {
    const box = document.getElementById(id)?.getBoundingClientRect();
    const height = box ? Math.min(box.bottom, window.innerHeight) - Math.max(box.top, 0) : 0;
    if (height > most.height + 1) most = { id, height };
  }
  return most.id;
}

/** Which place is in sight. Follows scrolling, and is what a reload comes back to. */
function usePlaceInSight(): Address {
  const [place, setPlace] = useState<Address>("model");
  useEffect(() => {
    // What stands in the address is gone to once the page is drawn: the browser looked for it before.
    const asked = location.hash.slice(1);
    if (isAddress(asked)) document.getElementById(asked)?.scrollIntoView();
    let due = 0;
    const look = (): void => {
      due = 0;
      const now = mostSeen();
      setPlace(now);
      // Not a step of the history: only what is pressed is one to go back from. A recipe's link stays until it is taken.
      if (!location.hash.includes("=") && location.hash.slice(1) !== now)
        history.replaceState(history.state, "", `#${now}`);
    };
    const later = (): void => {
      due ||= requestAnimationFrame(look);
    };
    window.addEventListener("scroll", later, { passive: true });
    return () => {
      window.removeEventListener("scroll", later);
      cancelAnimationFrame(due);
    };
  }, []);
  return place;
}

function Item({ place, inSight, next }: { place: PathPlace; inSight: boolean; next: boolean }) {
  const { address, title, chosen, standing, share } = place;
  return (
    <li>
      <a
        href={`#${address}`}
        aria-current={inSight ? "location" : undefined}
        data-standing={standing}
        data-next={next || undefined}
      >
        <span className="mark" aria-hidden="true" />
        <span className="title">{title}</span>
        <span className="chosen">{chosen}</span>
        <span className="visually-hidden">, {standingWords[standing]}</span>
        {standing === "working" && share !== undefined && (
          <span className="share" style={{ inlineSize: `${Math.round(100 * share)}%` }} aria-hidden="true" />
        )}
      </a>
    </li>
  );
}

export function Path({ places, next }: { places: PathPlace[]; next: NextStep }) {
  const inSight = usePlaceInSight();
  return (
    <nav aria-label="Path" className="path">
      <ol>
        {places.map((place) => (
          <Item
            key={place.address}
            place={place}
            inSight={inSight === place.address}
            next={next.address === place.address}
          />
        ))}
      </ol>
      <p className="next">
        Next: <a href={`#${next.address}`}>{next.words}</a>
      </p>
    </nav>
  );
}
