/** The path: a rail on wide screens, a bar on narrow ones. What is chosen in each place, how it stands, and the one next step. */
import { Boxes, Images, type LucideIcon, MessageCircleHeart, TrendingDown } from "lucide-react";
import { useEffect, useState } from "react";
import { ADDRESSES, type Address, isAddress } from "../page/address.ts";
import { words } from "../words/index.ts";
import type { NextStep, PathPlace } from "./path.ts";
import "./path.css";

/** The place at the line that eyes rest on, a third down the window. */
function placeAtEyes(): Address {
  const line = window.innerHeight / 3;
  const above = ADDRESSES.filter((id) => {
    const top = document.getElementById(id)?.getBoundingClientRect().top;
    return top !== undefined && top <= line;
  });
  return above.at(-1) ?? "model";
}

function isTopInSight(id: Address): boolean {
  const top = document.getElementById(id)?.getBoundingClientRect().top ?? -1;
  return top >= 0 && top < window.innerHeight;
}

/** What somebody does who looks elsewhere: then a place that was asked for is let go. */
const LOOKS_ELSEWHERE = ["wheel", "touchmove", "keydown", "pointerdown"] as const;

/** Which place is in sight. Follows scrolling, and is what a reload comes back to. */
function usePlaceInSight(): Address {
  const [place, setPlace] = useState<Address>("model");
  useEffect(() => {
    /** What was asked for is in sight while its top is: the last places are too short to get to the top of the window. */
    let asked: Address | undefined;
    /** It is also held there while what lies above it grows, until somebody looks elsewhere. */
    let isHeld = false;
    /** The address as it was last seen here: one that was just pressed scrolls first, and is told after that. */
    let seen = location.hash;
    let due = 0;
    const look = (): void => {
      due = 0;
      if (location.hash !== seen) return;
      if (asked && !isHeld && !isTopInSight(asked)) asked = undefined;
      const now = asked ?? placeAtEyes();
      setPlace(now);
      // Not a step of the history: only what is pressed is one to go back from. A recipe's link stays until it is taken.
      if (!location.hash.includes("=") && location.hash.slice(1) !== now)
        history.replaceState(history.state, "", `#${now}`);
      seen = location.hash;
    };
    const later = (): void => {
      due ||= requestAnimationFrame(look);
    };
    const hold = (): void => {
      if (isHeld && asked) document.getElementById(asked)?.scrollIntoView();
    };
    const ask = (): void => {
      seen = location.hash;
      const hash = seen.slice(1);
      asked = isAddress(hash) ? hash : undefined;
      isHeld = true;
      hold();
      later();
    };
    const release = (): void => {
      isHeld = false;
    };
    // What stands in the address is gone to once the page is drawn: the browser looked for it before.
    ask();
    const grown = new ResizeObserver(hold);
    grown.observe(document.body);
    window.addEventListener("hashchange", ask);
    window.addEventListener("scroll", later, { passive: true });
    for (const kind of LOOKS_ELSEWHERE) window.addEventListener(kind, release, { passive: true });
    return () => {
      grown.disconnect();
      window.removeEventListener("hashchange", ask);
      window.removeEventListener("scroll", later);
      for (const kind of LOOKS_ELSEWHERE) window.removeEventListener(kind, release);
      cancelAnimationFrame(due);
    };
  }, []);
  return place;
}

const ICONS: Partial<Record<Address, LucideIcon>> = {
  model: Boxes,
  data: Images,
  train: TrendingDown,
  result: MessageCircleHeart,
};

function Item({ place, inSight, next }: { place: PathPlace; inSight: boolean; next: boolean }) {
  const { address, title, chosen, standing, share } = place;
  const Icon = ICONS[address];
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
        {Icon && <Icon className="icon" aria-hidden />}
        <span className="visually-hidden">, {words().path.standing[standing]}</span>
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
    <nav aria-label={words().path.label} className="path">
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
        {words().path.next} <a href={`#${next.address}`}>{next.words}</a>
      </p>
    </nav>
  );
}
