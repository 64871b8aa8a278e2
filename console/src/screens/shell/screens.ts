import type { IconName } from "./icons";

interface Screen {
  readonly to: string;
  readonly name: string;
  readonly icon: IconName;
  /** The field of the API without which the screen is empty. */
  readonly needs: string;
  readonly exact: boolean;
}

/** The screens of an app. */
export const appScreens = [
  { to: "/apps/$appId", name: "Overview", icon: "overview", needs: "apiKeys", exact: true },
  { to: "/apps/$appId/scopes", name: "Scopes and keys", icon: "scopes", needs: "scopes", exact: false },
  { to: "/apps/$appId/agents", name: "Agents", icon: "agents", needs: "agents", exact: false },
  { to: "/apps/$appId/try", name: "Try an agent", icon: "try", needs: "executeAgent", exact: true },
  { to: "/apps/$appId/sessions", name: "Sessions", icon: "sessions", needs: "sessions", exact: false },
  { to: "/apps/$appId/connections", name: "Connections", icon: "connections", needs: "modelConnections", exact: true },
  { to: "/apps/$appId/usage", name: "Usage", icon: "usage", needs: "usage", exact: true },
  { to: "/apps/$appId/audit", name: "Audit", icon: "audit", needs: "auditLog", exact: true },
  { to: "/apps/$appId/settings", name: "Settings", icon: "settings", needs: "updateApp", exact: true },
] as const satisfies readonly Screen[];

/** The screens of the whole server. */
export const screens = [
  { to: "/apps", name: "Apps", icon: "apps", needs: "apps", exact: true },
  { to: "/administrators", name: "Administrators", icon: "administrators", needs: "administrators", exact: true },
  { to: "/explorer", name: "Explorer", icon: "explorer", needs: "viewer", exact: true },
  { to: "/audit", name: "Audit of the server", icon: "audit", needs: "auditLog", exact: true },
] as const satisfies readonly Screen[];
