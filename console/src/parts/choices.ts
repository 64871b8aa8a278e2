import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { request } from "../api/client";
import { count, formatNumber } from "./format";
import { AgentChoicesDocument, AppChoicesDocument, ScopeChoicesDocument } from "./operations.generated";
import { withoutSecret } from "./without-secret";

export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly detail?: string;
}

/** The first page of what a search has found. */
export interface FoundChoices<Chosen extends Choice = Choice> {
  readonly nodes: readonly Chosen[];
  readonly totalCount: number;
  readonly totalCountIsExact: boolean;
}

/** A list of any length to choose from, which is searched by name. */
export interface Choices<Chosen extends Choice = Choice, Noun extends string = string> {
  readonly noun: Noun;
  readonly key: readonly unknown[];
  /** @param search null for the start of the list */
  readonly find: (search: string | null, signal: AbortSignal) => Promise<FoundChoices<Chosen>>;
}

export const scopeChoices = (appId: string): Choices => ({
  noun: "scope",
  key: ["scopes", "choices", appId],
  find: async (search, signal) => (await request(ScopeChoicesDocument, { appId, search }, { signal })).scopes,
});

export const agentChoices = (appId: string): Choices<Choice & { readonly enabled: boolean }, "agent"> => ({
  noun: "agent",
  key: ["agents", "choices", appId],
  find: async (search, signal) => {
    const { agents } = await request(AgentChoicesDocument, { appId, search }, { signal });
    return { ...agents, nodes: agents.nodes.map((agent) => ({ ...agent, detail: agent.enabled ? "" : "disabled" })) };
  },
});

export const appChoices: Choices<Choice, "app"> = {
  noun: "app",
  key: ["apps", "choices"],
  find: async (search, signal) => (await request(AppChoicesDocument, { search }, { signal })).apps,
};

/** The chosen element: it has no name while it is loaded, and its id for a name if it does not exist. */
export const chosenOne = (id: string, loaded: { readonly name: string } | null | undefined): Choice => ({
  id,
  name: loaded === null ? id : (loaded?.name ?? ""),
});

/** The query of a search; of the start of the list for null, which a screen may need by itself. */
export const choicesQuery = <Chosen extends Choice>({ key, find }: Choices<Chosen>, search: string | null) =>
  queryOptions({ queryKey: [...key, search], queryFn: ({ signal }) => find(search, signal) });

const debounceMs = 150;

/** The elements that are found for a text while it is typed. */
export function useChoices(choices: Choices, typed: string, isEnabled = true) {
  const text = withoutSecret(typed).trim() || null;
  const [search, setSearch] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(text), debounceMs);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, isPlaceholderData } = useQuery({
    ...choicesQuery(choices, search),
    placeholderData: keepPreviousData,
    enabled: isEnabled,
  });
  const { noun } = choices;
  // A result for another text must not be taken for the one that is asked for now.
  const isCurrent = data !== undefined && !isPlaceholderData && search === text;
  return { found: data?.nodes ?? [], isCurrent, error, says: isCurrent ? describe(data, search, noun) : "" };
}

/** Says what is left out of a list, or that nothing is in it. */
function describe({ nodes, totalCount, totalCountIsExact }: FoundChoices, search: string | null, noun: string): string {
  if (nodes.length === 0) return search === null ? `There is no ${noun} yet.` : `No ${noun} has this in its name.`;
  if (nodes.length >= totalCount && totalCountIsExact)
    return search === null ? "" : `${count(nodes.length, noun)} found.`;
  const all = `${formatNumber(totalCount)}${totalCountIsExact ? "" : "+"}`;
  return `${formatNumber(nodes.length)} of ${all} ${noun}s are shown. Type a part of the name for the others.`;
}
