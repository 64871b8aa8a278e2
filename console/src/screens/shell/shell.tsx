import { useQuery } from "@tanstack/react-query";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { onSignedOut } from "../../api/client";
import { useIsConnectionLost } from "../../api/connection";
import { queryClient } from "../../api/queries";
import { sessionQuery } from "../../api/session";
import { MenuHost } from "../../parts/menu";
import { NoticeHost } from "../../parts/notices";
import { Problem } from "../../parts/problem";
import { TooltipHost } from "../../parts/tooltip";
import { Rail } from "./rail";
import { UpdateBar } from "./update-bar";

const Palette = lazy(() => import("../palette/palette"));
const SignIn = lazy(() => import("../sign-in/sign-in"));

onSignedOut(() => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }));

/** The frame of all screens. Without a session it asks to sign in, over the screen, so that what was typed stays. */
export function Shell() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const [hadSession, setHadSession] = useState(false);
  useEffect(() => {
    if (session?.signedIn) setHadSession(true);
  }, [session]);
  if (!session)
    return error ? (
      <main className="mx-auto max-w-[56ch] p-8">
        <Problem error={error} retry={() => void refetch()} />
      </main>
    ) : null;
  return (
    <>
      {!session.signedIn && (
        <Suspense>
          <SignIn session={session} isReturn={hadSession} />
        </Suspense>
      )}
      {(session.signedIn || hadSession) && (
        <div inert={!session.signedIn} className={session.signedIn ? "contents" : "hidden"}>
          <Frame />
        </div>
      )}
      <TooltipHost />
      <NoticeHost />
    </>
  );
}

function Frame() {
  const [isRailOpen, setIsRailOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => setIsRailOpen(false), [path]);
  const [isFinding, setIsFinding] = useState(false);
  useEffect(() => {
    const find = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      // Never over a dialog: it may show a secret.
      if (!document.querySelector("[role=dialog],[role=alertdialog]")) setIsFinding(true);
    };
    addEventListener("keydown", find);
    return () => removeEventListener("keydown", find);
  }, []);
  useEffect(() => {
    if (!isRailOpen) return;
    const close = ({ key }: KeyboardEvent) => key === "Escape" && setIsRailOpen(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [isRailOpen]);
  return (
    <div className="shell">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:bg-raised focus:p-2"
      >
        Skip to the content
      </a>
      <header className="top">
        <button
          type="button"
          className="btn btn-quiet btn-icon"
          aria-label="Menu"
          aria-expanded={isRailOpen}
          onClick={() => setIsRailOpen(true)}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" className="stroke-current stroke-[1.5]">
            <path d="M2 4h12M2 8h12M2 12h12" />
          </svg>
        </button>
        <span className="font-semibold">Latchkey</span>
      </header>
      {isRailOpen && <div className="scrim" aria-hidden="true" onClick={() => setIsRailOpen(false)} />}
      <Rail
        isOpen={isRailOpen}
        onFind={() => {
          setIsRailOpen(false);
          setIsFinding(true);
        }}
      />
      <main id="main" className="min-w-0" tabIndex={-1}>
        <ConnectionBar />
        <UpdateBar />
        <Outlet />
        <MenuHost />
        <Suspense>{isFinding && <Palette onClose={() => setIsFinding(false)} />}</Suspense>
      </main>
    </div>
  );
}

/** Says quietly that the server can't be reached; once it can, everything on the screen is asked for again. */
function ConnectionBar() {
  const isLost = useIsConnectionLost();
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (isLost) setWasLost(true);
    else if (wasLost) {
      setWasLost(false);
      void queryClient.invalidateQueries();
    }
  }, [isLost, wasLost]);
  return (
    <div role="status">
      {isLost && <div className="bar">The server can't be reached. The console tries again every 2 seconds.</div>}
    </div>
  );
}
