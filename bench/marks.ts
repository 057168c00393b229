/** The parts of a page that a script writes stand between two marks: `<!-- NAME:start -->` and `<!-- NAME:end -->`. */

/**
 * The page with the text between the marks of `name` replaced; everything else stays as it is.
 * Throws where the page has not both marks.
 */
export function betweenMarks(page: string, name: string, text: string): string {
  const marks = new RegExp(`(<!-- ${name}:start -->\n)[\\s\\S]*?(<!-- ${name}:end -->)`);
  if (!marks.test(page)) throw new Error(`the page has no marks for ${name}`);
  return page.replace(marks, (_, start: string, end: string) => `${start}${text}\n${end}`);
}
