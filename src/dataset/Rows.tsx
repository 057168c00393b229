/** A page of rows as the model will see them: the cropped picture, and every token that is trained on in colour. */
import { useEffect, useRef } from "react";
import type { PreviewRow } from "../../workers/data/preview.ts";
import { Action } from "../parts/Action.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { PAGE_ROWS, useDataset } from "../stores/dataset.ts";
import { useTraining } from "../stores/training.ts";

function Picture({ picture, label }: { picture: NonNullable<PreviewRow["picture"]>; label: string }) {
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

function Tokens({ row, trainOnAll }: { row: PreviewRow; trainOnAll: boolean }) {
  return (
    <p className="tokens">
      {row.tokens.map((token, i) => {
        const trained = token.kind === 2 || (trainOnAll && token.kind === 1);
        const text = token.repeat > 1 ? `${token.text}×${token.repeat}` : token.text;
        return trained ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <mark key={i}>{text}</mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their place
          <span key={i} data-image={token.text === "<image>" || undefined}>
            {text}
          </span>
        );
      })}
    </p>
  );
}

export function Rows() {
  const { preview, page, info, showPage } = useDataset();
  const trainOnAll = useTraining((s) => s.fields.train_on === "all-text");
  if (!info) return null;
  const pages = Math.ceil(info.rows / PAGE_ROWS);
  return (
    <>
      <Scroll label="Rows as the model reads them">
        <table aria-label="Rows">
          <thead>
            <tr>
              <th scope="col">Picture</th>
              <th scope="col">
                What the model reads; <mark>marked</mark> tokens are trained on
              </th>
              <th scope="col">Tokens</th>
            </tr>
          </thead>
          <tbody>
            {preview.map((row) => (
              <tr key={row.index}>
                <td>{row.picture ? <Picture picture={row.picture} label={`Picture of row ${row.index}`} /> : "–"}</td>
                <td>
                  <Tokens row={row} trainOnAll={trainOnAll} />
                  <p className="detail">{row.source}</p>
                </td>
                <td className="number">{row.length}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <div className="row pager">
        <Action
          kind="quiet"
          reason={page === 0 ? "These are the first rows." : ""}
          onPress={() => void showPage(page - 1)}
        >
          Previous rows
        </Action>
        <span>
          {page + 1} of {pages}
        </span>
        <Action
          kind="quiet"
          reason={page + 1 >= pages ? "These are the last rows." : ""}
          onPress={() => void showPage(page + 1)}
        >
          Next rows
        </Action>
      </div>
    </>
  );
}
