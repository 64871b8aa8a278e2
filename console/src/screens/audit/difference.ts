/** One field of an object before and after a change, as text. */
export interface FieldDifference {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Values = Readonly<Record<string, unknown>> | null;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

const textOf = (value: unknown): string | undefined => {
  if (isEmpty(value)) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** The fields that have a value in one of the two objects; nested ones as JSON. */
export function differences(before: Values, after: Values): FieldDifference[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields]
    .map((field) => ({ field, before: textOf(before?.[field]), after: textOf(after?.[field]) }))
    .filter((one) => one.before !== undefined || one.after !== undefined);
}

/** `UPDATE_API_KEY` → `Update API key`. */
export function actionName(action: string): string {
  const words = action.toLowerCase().split("_").join(" ").replace("api key", "API key");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
