/** What happened, what is safe, one thing to do. */
import { type Place, useApp } from "../page/store.ts";
import { words } from "../words/index.ts";

export function ErrorNote({ place }: { place: Place }) {
  const error = useApp((s) => s.errors[place]);
  const clear = useApp((s) => s.clear);
  if (!error) return null;
  return (
    <div className="error-note" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      {error.safe && <p>{error.safe}</p>}
      <p>{error.remedy}</p>
      <footer>
        <code>{error.code}</code>
        <button type="button" className="quiet" onClick={() => clear(place)}>
          {words().parts.dismiss}
        </button>
      </footer>
    </div>
  );
}
