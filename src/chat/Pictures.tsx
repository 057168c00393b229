/** The pictures beside the message box: those that go with the next message, and some to try the demo model on. */
import { TabTuneError } from "../../workers/errors.ts";
import { attempt, useApp } from "../page/store.ts";
import type { Attached } from "../stores/chat.ts";
import { words } from "../words/index.ts";

interface AttachedPicturesProps {
  pictures: Attached[];
  onRemove(url: string): void;
}

export function AttachedPictures({ pictures, onRemove }: AttachedPicturesProps) {
  if (pictures.length === 0) return null;
  const say = words().chat.pictures;
  return (
    <>
      <ul className="attached">
        {pictures.map(({ file, url }) => (
          <li key={url}>
            <img src={url} alt="" />
            <span>{file.name}</span>
            <button type="button" className="quiet" aria-label={say.remove(file.name)} onClick={() => onRemove(url)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      {pictures.length > 1 && <p className="hint">{say.several(pictures.length)}</p>}
    </>
  );
}

/** Held-out pictures of the sample data: neither the demo model nor its training rows have seen them. */
const SAMPLES = ["001", "004", "010", "012"].map((name) => `${name}.webp`);
const addressOf = (name: string): string => new URL(`demo/data/heldout/${name}`, document.baseURI).href;

async function fetched(name: string): Promise<Blob> {
  const say = words().chat.pictures;
  const missing = (cause?: unknown): TabTuneError =>
    new TabTuneError("missing-file", say.missing(name), say.missingRemedy, "", { cause });
  const response = await fetch(addressOf(name)).catch((cause) => {
    throw missing(cause);
  });
  if (!response.ok) throw missing();
  return response.blob();
}

/** Nobody has a picture of the demo's kind at hand. */
export function SamplePictures({ onPick }: { onPick(file: File): void }) {
  const pick = async (name: string): Promise<void> => {
    useApp.getState().clear("chat");
    await attempt("chat", async () => onPick(new File([await fetched(name)], name, { type: "image/webp" })));
  };
  return (
    <div className="samples">
      <span className="detail">{words().chat.pictures.samples}</span>
      {SAMPLES.map((name, i) => (
        <button key={name} type="button" aria-label={words().chat.pictures.sample(i + 1)} onClick={() => pick(name)}>
          <img src={addressOf(name)} alt="" />
        </button>
      ))}
    </div>
  );
}
