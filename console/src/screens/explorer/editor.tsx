import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { graphql as graphqlSupport } from "cm6-graphql";
import type { GraphQLSchema } from "graphql";
import { useEffect, useRef } from "react";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--color-text)", backgroundColor: "var(--color-surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "20px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--color-text-3)", border: "none" },
  ".cm-cursor": { borderLeftColor: "var(--color-text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--color-accent-tint)" },
  ".cm-tooltip": {
    backgroundColor: "var(--color-raised)",
    border: "1px solid var(--color-line)",
    borderRadius: "6px",
    color: "var(--color-text)",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--color-press)",
    color: "var(--color-text)",
  },
  // In place of its images, which are `data:` addresses.
  ".cm-lintRange, .cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info, .cm-lintRange-hint": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--color-refuse)",
  },
  ".cm-completionInfo": { maxWidth: "360px", padding: "8px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword], color: "var(--color-accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--color-allow)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--color-unknown)" },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: "var(--color-unknown)" },
  { tag: tags.comment, color: "var(--color-text-3)" },
]);

interface EditorProps {
  readonly schema: GraphQLSchema;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

/**
 * An editor of GraphQL with completion and documentation from the schema. It is opened in a shadow root: there it puts its
 * styles into adopted style sheets, which the page's policy allows, instead of an element that it forbids.
 */
export default function Editor({ schema, text, onChange, onRun }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const handlers = useRef({ onChange, onRun });
  useEffect(() => {
    handlers.current = { onChange, onRun };
  });
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    parent.style.height = "100%";
    root.replaceChildren(parent);
    const run = () => {
      handlers.current.onRun();
      return true;
    };
    view.current = new EditorView({
      parent,
      root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          keymap.of([
            { key: "Mod-Enter", run },
            ...completionKeymap,
            ...lintKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          graphqlSupport(schema),
          look,
          syntaxHighlighting(colours),
          EditorView.contentAttributes.of({ "aria-label": "Operation" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
    // The editor keeps its own text; it is made anew for another schema alone.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [schema]);
  return <div ref={host} className="h-full min-h-64 overflow-hidden" />;
}
