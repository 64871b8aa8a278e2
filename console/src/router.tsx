import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { consoleUrl } from "./api/place";
import { noteNavigation } from "./parts/page";
import type { AuditSearch } from "./screens/audit/audit";
import type { KeysSearch } from "./screens/keys/search";
import { NotFound, ScreenError } from "./screens/shell/fallbacks";
import { Shell } from "./screens/shell/shell";

interface TrySearch {
  readonly agent?: string | undefined;
  readonly scope?: string | undefined;
  readonly session?: string | undefined;
}

interface SessionsSearch {
  readonly status?: string | undefined;
  readonly reference?: string | undefined;
  readonly user?: string | undefined;
}

interface UsageSearch {
  readonly by?: string | undefined;
  readonly days?: string | undefined;
}

interface ExplorerSearch {
  readonly app?: string | undefined;
  readonly scope?: string | undefined;
}

/** A text of an address. The router reads `?days=7` as a number, and `?search=true` as a boolean. */
const text = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : typeof value === "string" && value !== ""
      ? value
      : undefined;

const auditSearch = (search: Record<string, unknown>): AuditSearch => ({
  action: text(search["action"]),
  target: text(search["target"]),
  from: text(search["from"]),
  to: text(search["to"]),
});

const root = createRootRoute({ component: Shell });

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    // The router takes what it throws as its answer.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw redirect({ to: "/apps", replace: true });
  },
});
const apps = createRoute({
  getParentRoute: () => root,
  path: "/apps",
  component: lazyRouteComponent(() => import("./screens/apps/apps"), "Apps"),
});
const scopes = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/scopes",
  component: lazyRouteComponent(() => import("./screens/scopes/scopes"), "Scopes"),
});
const newScope = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/scopes/new",
  component: lazyRouteComponent(() => import("./screens/scope-editor/new-scope"), "NewScope"),
});
const scope = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/scopes/$scopeId",
  validateSearch: (search: Record<string, unknown>): { permission?: string | undefined } => ({
    permission: text(search["permission"]),
  }),
  component: lazyRouteComponent(() => import("./screens/scope-editor/edit-scope"), "EditScope"),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/scopes/$scopeId/keys",
  validateSearch: (search: Record<string, unknown>): KeysSearch => ({
    search: text(search["search"]),
    show: text(search["show"]),
    owner: text(search["owner"]),
    tag: text(search["tag"]),
    environment: text(search["environment"]),
    sort: text(search["sort"]),
  }),
  component: lazyRouteComponent(() => import("./screens/keys/keys"), "Keys"),
});
const key = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/keys/$keyId",
  component: lazyRouteComponent(() => import("./screens/key/key"), "Key"),
});

const agents = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/agents",
  component: lazyRouteComponent(() => import("./screens/agents/agents"), "Agents"),
});
const newAgent = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/agents/new",
  component: lazyRouteComponent(() => import("./screens/agents/agent-editor"), "NewAgent"),
});
const agent = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/agents/$agentId",
  component: lazyRouteComponent(() => import("./screens/agents/agent-editor"), "EditAgent"),
});
const tryAgent = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/try",
  validateSearch: (search: Record<string, unknown>): TrySearch => ({
    agent: text(search["agent"]),
    scope: text(search["scope"]),
    session: text(search["session"]),
  }),
  component: lazyRouteComponent(() => import("./screens/try/try-agent"), "TryAgent"),
});
const sessions = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/sessions",
  validateSearch: (search: Record<string, unknown>): SessionsSearch => ({
    status: text(search["status"]),
    reference: text(search["reference"]),
    user: text(search["user"]),
  }),
  component: lazyRouteComponent(() => import("./screens/sessions/sessions"), "Sessions"),
});
const session = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/sessions/$sessionId",
  component: lazyRouteComponent(() => import("./screens/sessions/session"), "Session"),
});
const run = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/runs/$runId",
  component: lazyRouteComponent(() => import("./screens/sessions/run"), "Run"),
});
const connections = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/connections",
  component: lazyRouteComponent(() => import("./screens/connections/connections"), "Connections"),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/settings",
  component: lazyRouteComponent(() => import("./screens/settings/settings"), "Settings"),
});
const administrators = createRoute({
  getParentRoute: () => root,
  path: "/administrators",
  component: lazyRouteComponent(() => import("./screens/administrators/administrators"), "Administrators"),
});
const appAudit = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./screens/audit/audit"), "AppAudit"),
});
const serverAudit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./screens/audit/audit"), "ServerAudit"),
});
const overview = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId",
  component: lazyRouteComponent(() => import("./screens/overview/overview"), "Overview"),
});
const explorer = createRoute({
  getParentRoute: () => root,
  path: "/explorer",
  validateSearch: (search: Record<string, unknown>): ExplorerSearch => ({
    app: text(search["app"]),
    scope: text(search["scope"]),
  }),
  component: lazyRouteComponent(() => import("./screens/explorer/explorer"), "Explorer"),
});
const usage = createRoute({
  getParentRoute: () => root,
  path: "/apps/$appId/usage",
  validateSearch: (search: Record<string, unknown>): UsageSearch => ({
    by: text(search["by"]),
    days: text(search["days"]),
  }),
  component: lazyRouteComponent(() => import("./screens/usage/usage"), "Usage"),
});

const routeTree = root.addChildren([
  index,
  apps,
  scopes,
  newScope,
  scope,
  keys,
  key,
  agents,
  newAgent,
  agent,
  tryAgent,
  sessions,
  session,
  run,
  connections,
  settings,
  administrators,
  appAudit,
  serverAudit,
  overview,
  explorer,
  usage,
]);

export const router = createRouter({
  routeTree,
  basepath: consoleUrl.pathname.replace(/\/$/, ""),
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: ScreenError,
  defaultNotFoundComponent: NotFound,
  defaultPendingMs: 200,
});

router.subscribe("onBeforeNavigate", ({ pathChanged, fromLocation }) => {
  if (pathChanged && fromLocation) noteNavigation();
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
