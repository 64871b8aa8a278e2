/** An element of a form in XFA, as PDF.js describes it. */
export interface XfaElement {
  readonly name?: string;
  readonly value?: string | null;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly children?: readonly (XfaElement | null)[];
}

const blocks = new Set(["div", "p", "li", "tr", "label"]);

/** The text of a page of a form, with the values that are typed into its fields: a paragraph for each field. */
export function xfaText(page: XfaElement): string {
  const parts: string[] = [];
  const walk = (element: XfaElement, isInField: boolean): void => {
    const { name = "", children = [] } = element;
    if (isHidden(element)) return;
    parts.push(textOf(element));
    if (name === "select" || name === "textarea") return;
    // A field is a label with its caption and its value.
    for (const child of children) if (child) walk(child, isInField || name === "label");
    if (blocks.has(name)) parts.push(isInField ? " " : "\n");
    else if (name === "br") parts.push(" ");
  };
  walk(page, false);
  const lines = parts.join("").replaceAll("\r", "\n").split("\n");
  return lines.map((line) => line.trim().split(/\s+/).join(" ")).join("\n\n");
}

function isHidden({ name, attributes }: XfaElement): boolean {
  const style = attributes?.["style"] as Readonly<Record<string, unknown>> | undefined;
  return name === "button" || attributes?.["hidden"] === true || style?.["visibility"] === "hidden";
}

function textOf({ name, value, attributes = {}, children = [] }: XfaElement): string {
  if (name === "input") {
    const type = attributes["type"];
    if (type === "checkbox" || type === "radio") return attributes["checked"] === true ? " ☑" : "";
    return type !== "password" && typeof attributes["value"] === "string" ? ` ${attributes["value"]}` : "";
  }
  if (name === "select") {
    const selected = children.filter((option) => option?.attributes?.["selected"]);
    return ` ${selected.map((option) => option?.value ?? "").join(", ")}`;
  }
  const content = attributes["textContent"] ?? value;
  return typeof content === "string" ? (name === "textarea" ? ` ${content}` : content) : "";
}
