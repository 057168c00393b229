/** One page of many: which it is, the one before and the next. */
import type { ReactNode } from "react";
import { words } from "../words/index.ts";
import { Action } from "./Action.tsx";

interface PagerProps {
  /** "rows" */
  what: string;
  /** From 0. */
  page: number;
  pages: number;
  onPage(page: number): void;
  children?: ReactNode;
}

export function Pager({ what, page, pages, onPage, children }: PagerProps) {
  const say = words().parts.pager;
  return (
    <div className="row pager">
      <Action kind="quiet" reason={page === 0 ? say.first(what) : ""} onPress={() => onPage(page - 1)}>
        {say.previous(what)}
      </Action>
      <span>{say.at(page + 1, pages)}</span>
      <Action kind="quiet" reason={page + 1 >= pages ? say.last(what) : ""} onPress={() => onPage(page + 1)}>
        {say.next(what)}
      </Action>
      {children}
    </div>
  );
}
