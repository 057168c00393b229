/** A picture of a question, with the boxes of what was answered about it. */
import { type CSSProperties, useState } from "react";
import type { Shown } from "../../workers/data/boxes/placed.ts";
import { BoxedPicture, type BoxLayer } from "../parts/BoxedPicture.tsx";

interface ChatPictureProps {
  url: string;
  alt: string;
  layers: readonly BoxLayer[];
}

export function ChatPicture({ url, alt, layers }: ChatPictureProps) {
  const [shown, setShown] = useState<Shown>();
  return (
    <BoxedPicture shown={shown} layers={layers}>
      <img
        src={url}
        alt={alt}
        style={shown && ({ "--aspect": shown.size.width / shown.size.height } as CSSProperties)}
        onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
          setShown({ part: [0, 0, 1, 1], size: { width, height } })
        }
      />
    </BoxedPicture>
  );
}
