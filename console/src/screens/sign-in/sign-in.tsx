import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { hasCode } from "../../api/errors";
import { consoleUrl } from "../../api/place";
import { type ConsoleSession, sessionQuery, signIn } from "../../api/session";
import { TextField } from "../../parts/fields";
import { Problem } from "../../parts/problem";
import { useAction } from "../../parts/use-action";

/** Trades an administrator's key for a session of this browser. The key itself is kept nowhere. */
export default function SignIn({ session, isReturn }: { session: ConsoleSession; isReturn: boolean }) {
  const queries = useQueryClient();
  const [credential, setCredential] = useState("");
  const [hint, setHint] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Latchkey";
    field.current?.focus();
  }, []);
  const { run, isPending, error } = useAction(async () => {
    if (credential.trim() === "") {
      setHint("Enter the administrator's key.");
      field.current?.focus();
      return;
    }
    try {
      await signIn(credential.trim());
    } catch (failure) {
      // The server's own words are for programs. With a reason they say what is wrong with the form of the key.
      if (!hasCode(failure, "UNAUTHENTICATED") || failure.extensions["reason"] !== undefined) throw failure;
      setHint("This is not the key of an administrator of this server.");
      field.current?.select();
      return;
    }
    setCredential("");
    await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    if (isReturn) await queries.invalidateQueries();
  });
  return (
    <main className="flex min-h-full items-center justify-center p-3">
      <div className="w-full max-w-[400px]">
        <div className="mb-5 flex items-center gap-2">
          <svg width="24" height="24" viewBox="0 0 16 16" aria-hidden="true">
            <rect width="16" height="16" rx="4" fill="var(--color-accent-fill)" />
            <path fill="#fff" d="M2.5 9.5h2v3h-2zM5.5 7.5h2v5h-2zM8.5 5.5h2v7h-2zM11.5 3.5h2v9h-2z" />
          </svg>
          <span className="text-lg font-semibold">Latchkey</span>
        </div>
        <form
          className="card flex flex-col gap-4 p-6"
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          <div>
            <h1>Sign in</h1>
            {isReturn && <p className="mt-1 text-text-2">Your session has ended. What you had typed is still there.</p>}
          </div>
          <TextField
            label="Administrator's key"
            type="password"
            autoComplete="current-password"
            ref={field}
            value={credential}
            error={hint}
            hint={
              session.keyFile ? (
                <>
                  The key is in the file <code className="text-xs break-all">{session.keyFile}</code> on this machine.
                </>
              ) : (
                "The server prints where its key is when it starts."
              )
            }
            onChange={({ target }) => {
              setCredential(target.value);
              setHint(undefined);
            }}
          />
          <Problem error={error} />
          <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
            {isPending ? "Signing in…" : "Sign in"}
          </button>
          {session.signInWith && (
            <a className="btn" href={new URL("sign-in", consoleUrl).href}>
              Continue with {new URL(session.signInWith.issuer).host}
            </a>
          )}
        </form>
        <p className="mt-3 text-xs text-text-3">
          The key is exchanged for a cookie that scripts can't read. It is not kept in this browser.
        </p>
      </div>
    </main>
  );
}
