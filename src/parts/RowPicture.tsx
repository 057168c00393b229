/** A picture as the model sees it: cropped, in its pixels. */
import { useEffect, useRef } from "react";
import type { RowThumbnail } from "../../workers/data/preview.ts";

export function RowPicture({ picture, label }: { picture: RowThumbnail; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { size, rgba } = picture;
    const element = canvas.current!;
    const draw = (): void =>
      element.getContext("2d")?.putImageData(new ImageData(new Uint8ClampedArray(rgba), size, size), 0, 0);
    draw();
    // A GPU that is lost takes what is drawn along.
    element.addEventListener("contextrestored", draw);
    return () => element.removeEventListener("contextrestored", draw);
  }, [picture]);
  return (
    <canvas
      ref={canvas}
      width={picture.size}
      height={picture.size}
      role="img"
      aria-label={label}
      className="thumbnail"
    />
  );
}
