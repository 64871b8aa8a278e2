import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useId } from "react";
import { request } from "../../api/client";
import { sessionQuery, signOut, signOutEverywhere } from "../../api/session";
import { truncateMiddle } from "../../parts/format";
import { MenuButton } from "../../parts/menu";
import { applyTheme, themePreference, themes, timePreference, timeStyles } from "../../parts/preferences";
import { useMay } from "../../parts/use-may";
import { appsQuery } from "../apps/apps-query";
import { Icon } from "./icons";
import { CurrentAppDocument } from "./operations.generated";
import { appScreens, screens } from "./screens";

/** The way to every screen: those of the app that is looked at, and those of the whole server. */
export function Rail({ isOpen, onFind }: { isOpen: boolean; onFind: () => void }) {
  const { appId } = useParams({ strict: false });
  const may = useMay();
  return (
    <nav className="rail" aria-label="Screens" data-open={isOpen}>
      <Link to="/apps" className="mb-3 flex items-center gap-2 px-2 py-1 text-text no-underline">
        <svg width="20" height="20" viewBox="0 0 16 16" aria-hidden="true">
          <rect width="16" height="16" rx="4" fill="var(--color-accent-fill)" />
          <path fill="#fff" d="M2.5 9.5h2v3h-2zM5.5 7.5h2v5h-2zM8.5 5.5h2v7h-2zM11.5 3.5h2v9h-2z" />
        </svg>
        <span className="font-semibold">Latchkey</span>
      </Link>
      <AppSwitcher appId={appId} onFind={onFind} />
      <button
        type="button"
        className="rail-link mt-2 cursor-pointer"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={onFind}
      >
        <Icon name="find" />
        <span className="flex-1 text-left">Go to…</span>
        <kbd className="text-xs! text-text-3">Ctrl K</kbd>
      </button>
      {appId && (
        <ul className="mt-1 flex flex-col gap-px">
          {appScreens
            .filter(({ needs }) => may(needs))
            .map(({ to, name, icon, exact }) => (
              <li key={to}>
                <Link to={to} params={{ appId }} activeOptions={{ exact, includeSearch: false }} className="rail-link">
                  <Icon name={icon} />
                  {name}
                </Link>
              </li>
            ))}
        </ul>
      )}
      <p className="rail-head">Server</p>
      <ul className="flex flex-col gap-px">
        {screens
          .filter(({ needs }) => may(needs))
          .map(({ to, name, icon, exact }) => (
            <li key={to}>
              <Link to={to} activeOptions={{ exact, includeSearch: false }} className="rail-link">
                <Icon name={icon} />
                {name}
              </Link>
            </li>
          ))}
      </ul>
      <div className="flex-1" />
      <Preferences />
      <Account />
    </nav>
  );
}

function AppSwitcher({ appId, onFind }: { appId: string | undefined; onFind: () => void }) {
  const { data } = useQuery(appsQuery);
  const navigate = useNavigate();
  const listed = data?.apps.nodes.find(({ id }) => id === appId);
  const other = useQuery({
    queryKey: ["apps", "current", appId],
    queryFn: ({ signal }) => request(CurrentAppDocument, { id: appId ?? "" }, { signal }),
    // There may be more apps than the list has.
    enabled: appId !== undefined && data !== undefined && !listed,
  });
  const current = listed ?? other.data?.app ?? undefined;
  const hasMore = data?.apps.pageInfo.hasNextPage === true;
  const label = current ? `App: ${current.name}. Change the app` : "Choose an app";
  const actions = () => [
    ...(data?.apps.nodes ?? []).map(({ id, name }) => ({
      name: truncateMiddle(name, 32),
      run: () => void navigate({ to: "/apps/$appId/scopes", params: { appId: id } }),
    })),
    ...(hasMore ? [{ name: "Find another app…", run: onFind }] : []),
    { name: "All apps", run: () => void navigate({ to: "/apps" }) },
  ];
  return (
    <MenuButton label={label} actions={actions} className="btn w-full justify-between!">
      <span className="min-w-0 truncate">
        <bdi>{current ? current.name : "Choose an app"}</bdi>
      </span>
      <Arrows />
    </MenuButton>
  );
}

/** Shows that a button opens a menu. */
const Arrows = () => (
  <svg
    width="10"
    height="10"
    viewBox="0 0 10 10"
    aria-hidden="true"
    className="flex-none fill-none stroke-current stroke-[1.4]"
  >
    <path d="M2 3.5 5 1l3 2.5M2 6.5 5 9l3-2.5" />
  </svg>
);

const themeNames = { system: "System", light: "Light", dark: "Dark" };
const timeNames = { relative: "Relative", local: "Local time", utc: "UTC" };

function Preferences() {
  const theme = themePreference.use();
  const times = timePreference.use();
  return (
    <div className="mb-2 grid grid-cols-[auto_1fr] items-center gap-x-3 gap-y-1 px-2">
      <Choice
        label="Theme"
        value={theme}
        options={themes.map((value) => ({ value, name: themeNames[value] }))}
        onChange={(value) => {
          themePreference.set(value);
          applyTheme(value);
        }}
      />
      <Choice
        label="Times"
        value={times}
        options={timeStyles.map((value) => ({ value, name: timeNames[value] }))}
        onChange={timePreference.set}
      />
    </div>
  );
}

function Choice<Value extends string>(props: {
  label: string;
  value: Value;
  options: readonly { value: Value; name: string }[];
  onChange: (value: Value) => void;
}) {
  const id = useId();
  return (
    <>
      <label htmlFor={id} className="text-xs text-text-2">
        {props.label}
      </label>
      <select
        id={id}
        className="input input-small"
        value={props.value}
        onChange={({ target }) => {
          const chosen = props.options.find(({ value }) => value === target.value);
          if (chosen) props.onChange(chosen.value);
        }}
      >
        {props.options.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}

function Account() {
  const { data: session } = useQuery(sessionQuery);
  const name = session?.viewer?.name ?? "Signed in";
  const leave = async (how: () => Promise<unknown>) => {
    await how();
    // Nothing of the one who leaves stays for the next.
    location.reload();
  };
  const actions = () => [
    { name: "Sign out", run: () => void leave(signOut) },
    { name: "Sign out everywhere", run: () => void leave(signOutEverywhere) },
  ];
  return (
    <MenuButton
      label="Account"
      isNamedByContent
      actions={actions}
      className="rail-link w-full justify-between! border-t border-line rounded-none! pt-2"
    >
      <span className="flex min-w-0 flex-col items-start">
        <span className="max-w-full truncate text-text">
          <bdi>{name}</bdi>
        </span>
        <span className="text-xs font-normal text-text-3">{`Latchkey ${session?.version ?? ""}`}</span>
      </span>
      <Arrows />
    </MenuButton>
  );
}
