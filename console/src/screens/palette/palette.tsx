import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useId, useRef, useState } from "react";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { withoutSecret } from "../../parts/without-secret";
import { appScreens, screens } from "../shell/screens";
import { PaletteAppDocument, PaletteAppsDocument } from "./operations.generated";

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly detail?: string;
  readonly go: () => void;
}

const maxShown = 16;

/** Finds apps, scopes, keys by name or hint, agents and screens. A pasted secret is looked up by its hint alone. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { appId } = useParams({ strict: false });
  const navigate = useNavigate();
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [marked, setMarked] = useState(0);
  const needle = useDeferredValue(text.trim());
  const search = needle || null;
  const apps = useQuery({
    queryKey: ["palette", "apps", search],
    queryFn: ({ signal }) => request(PaletteAppsDocument, { search }, { signal }),
    placeholderData: keepPreviousData,
  });
  const { data } = useQuery({
    queryKey: ["palette", appId, search],
    queryFn: ({ signal }) =>
      request(PaletteAppDocument, { appId: appId ?? "", search, filter: search ? { search } : {} }, { signal }),
    enabled: appId !== undefined,
    placeholderData: keepPreviousData,
  });
  useEffect(() => setMarked(0), [needle]);
  const matches = (name: string) => name.toLowerCase().includes(needle.toLowerCase());
  const leave = (go: () => unknown) => () => {
    onClose();
    go();
  };
  const app = appId ? { appId } : undefined;
  const found: Found[] = [
    ...(app && data
      ? [
          ...(needle ? data.apiKeys.nodes : []).map(({ id, name, hint, status, scope }) => ({
            id,
            kind: "Key",
            name,
            detail: `${hint}, ${scope.name}${status === "ACTIVE" ? "" : ", revoked"}`,
            go: leave(() => navigate({ to: "/apps/$appId/keys/$keyId", params: { ...app, keyId: id } })),
          })),
          ...data.scopes.nodes.map(({ id, name }) => ({
            id,
            kind: "Scope",
            name,
            go: leave(() => navigate({ to: "/apps/$appId/scopes/$scopeId/keys", params: { ...app, scopeId: id } })),
          })),
          ...data.agents.nodes.map(({ id, name }) => ({
            id,
            kind: "Agent",
            name,
            go: leave(() => navigate({ to: "/apps/$appId/agents/$agentId", params: { ...app, agentId: id } })),
          })),
        ]
      : []),
    ...(app ? appScreens : [])
      .filter(({ name }) => matches(name))
      .map(({ to, name }) => ({
        id: to,
        kind: "Screen",
        name,
        go: leave(() => navigate({ to, params: { appId: appId ?? "" } })),
      })),
    ...screens
      .filter(({ name }) => matches(name))
      .map(({ to, name }) => ({ id: to, kind: "Screen", name, go: leave(() => navigate({ to })) })),
    ...(apps.data?.apps.nodes ?? []).map(({ id, name }) => ({
      id,
      kind: "App",
      name,
      go: leave(() => navigate({ to: "/apps/$appId/scopes", params: { appId: id } })),
    })),
  ];
  const shown = found.slice(0, maxShown);
  return (
    <DialogFrame title="Go to" onClose={onClose} width={560} initialFocus={input}>
      <input
        ref={input}
        className="input"
        role="combobox"
        aria-label="Find an app, a scope, a key, an agent or a screen"
        aria-expanded={shown.length > 0}
        aria-controls={list}
        aria-activedescendant={shown[marked] ? `${list}-${String(marked)}` : undefined}
        placeholder="App, scope, key, agent or screen"
        maxLength={120}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
        value={text}
        onChange={({ target }) => setText(withoutSecret(target.value))}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setMarked(Math.min(marked + 1, shown.length - 1));
          else if (event.key === "ArrowUp") setMarked(Math.max(marked - 1, 0));
          else if (event.key === "Enter") shown[marked]?.go();
          else return;
          event.preventDefault();
        }}
      />
      <ul id={list} role="listbox" aria-label="Found" className="mt-2 min-h-40">
        {shown.map(({ id, kind, name, detail, go }, index) => (
          <li
            key={`${kind} ${id}`}
            id={`${list}-${String(index)}`}
            role="option"
            aria-selected={index === marked}
            className={`flex cursor-pointer items-center gap-3 rounded-sm px-2 py-1 ${index === marked ? "bg-press" : "hover:bg-hover"}`}
            onClick={go}
          >
            <span className="w-14 flex-none text-xs text-text-2">{kind}</span>
            <bdi className="min-w-0 truncate">{name}</bdi>
            {detail && <span className="ml-auto truncate text-xs text-text-2">{detail}</span>}
          </li>
        ))}
      </ul>
      {shown.length === 0 && (
        <p className="px-2 text-text-2">
          {appId
            ? "Nothing has this in its name."
            : "No app or screen has this in its name. Keys are found within their app."}
        </p>
      )}
    </DialogFrame>
  );
}
