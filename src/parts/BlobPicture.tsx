/** A picture of the drop, drawn by the browser; its name where the browser cannot. */
import { useEffect, useState } from "react";
import { words } from "../words/index.ts";

/** `alt`: "" where the name stands beside it as text. */
export function BlobPicture({ blob, name, alt = name }: { blob: Blob; name: string; alt?: string }) {
  const [url, setUrl] = useState("");
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (broken) return <span className="detail">{words().data.columns.notShown(name)}</span>;
  return url === "" ? null : <img className="thumbnail" src={url} alt={alt} onError={() => setBroken(true)} />;
}
