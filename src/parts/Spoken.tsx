/** What screen readers are told of something that changes faster than they speak: at most once in five seconds, the newest. */
import { useEffect, useState } from "react";
import { throttle } from "./throttle.ts";

const PAUSE_MS = 5000;

/** `atOnce`: this text is an end of things and does not wait. */
export function Spoken({ text, atOnce = false }: { text: string; atOnce?: boolean }) {
  const [spoken, setSpoken] = useState("");
  const [throttled] = useState(() => throttle(setSpoken, PAUSE_MS));
  useEffect(() => {
    if (text) throttled.say(text, atOnce);
  }, [text, atOnce, throttled]);
  useEffect(() => throttled.stop, [throttled]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  );
}
