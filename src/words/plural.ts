/** Counts as people say them, by the plural rules of their language. */

/** What stands behind a number, by the categories of `Intl.PluralRules`. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** A counter of a language: `counted(3, { one: "row", other: "rows" })` is "3 rows". */
export function counter(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const format = new Intl.NumberFormat(language, { useGrouping: false, maximumFractionDigits: 20 });
  return (n, forms) => `${format.format(n)} ${forms[rules.select(n)] ?? forms.other}`;
}
