/** A page of rows as the model will see them: the cropped picture, and every token that is trained on in colour. */
import { useEffect, useRef } from "react";
import type { PreviewRow } from "../../workers/protocol.ts";
import { useTraining } from "../training/store.ts";
import { PAGE_ROWS, useDataset } from "./store.ts";

function Picture({ picture, label }: { picture: NonNullable<PreviewRow["picture"]>; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { size, rgba } = picture;
    canvas.current?.getContext("2d")?.putImageData(new ImageData(new Uint8ClampedArray(rgba), size, size), 0, 0);
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
      <div className="table-scroll">
        <table aria-label="Rows" className="rows-table">
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
      </div>
      <div className="row pager">
        <button type="button" className="quiet" disabled={page === 0} onClick={() => showPage(page - 1)}>
          Previous rows
        </button>
        <span>
          {page + 1} of {pages}
        </span>
        <button type="button" className="quiet" disabled={page + 1 >= pages} onClick={() => showPage(page + 1)}>
          Next rows
        </button>
      </div>
    </>
  );
}
