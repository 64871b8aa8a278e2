import { useEffect, useRef, useState } from "react";
import { request } from "../../api/client";
import { stream } from "../../api/stream";
import { upload } from "../../api/upload";
import {
  OpenTrySessionDocument,
  StopTryDocument,
  TriedSessionDocument,
  TryAgentDocument,
  TryEventsDocument,
  UploadTryDocumentDocument,
} from "./operations.generated";
import { afterEvent, newTurn, type Turn } from "./turn";

export interface UploadState {
  readonly id: number;
  readonly filename: string;
  /** The part that was sent, 0 to 1; 1 also while the server reads it. */
  readonly progress: number;
  readonly state: "sending" | "stored" | "failed";
  readonly error?: unknown;
}

interface ConversationOptions {
  readonly appId: string;
  readonly agentId: string | undefined;
  readonly sessionId: string | undefined;
  /** Asks as a key of this scope would; as the administrator without it. */
  readonly asScope: string | undefined;
  readonly onSession: (id: string) => void;
}

/** A conversation with an agent in one session: what was asked, what streams back, what was uploaded. */
export function useConversation({ appId, agentId, sessionId, asScope, onSession }: ConversationOptions) {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [uploads, setUploads] = useState<readonly UploadState[]>([]);
  const [loadError, setLoadError] = useState<unknown>(null);
  // The session that this page has opened itself is not read again.
  const known = useRef<string | undefined>(undefined);
  const opened = useRef(new AbortController());
  useEffect(() => {
    opened.current = new AbortController();
    const { current } = opened;
    return () => current.abort();
  }, []);

  useEffect(() => {
    if (sessionId === known.current) return;
    known.current = sessionId;
    setTurns([]);
    setUploads([]);
    setLoadError(null);
    if (!sessionId) return;
    request(TriedSessionDocument, { id: sessionId }, { signal: opened.current.signal }).then(
      ({ session }) => {
        if (known.current !== sessionId || !session) return;
        setTurns(
          session.runs.nodes.toReversed().map((run) => ({
            ...newTurn(run.input),
            runId: run.id,
            answer: run.output ?? "",
            state: run.status === "SUCCEEDED" ? "done" : run.status === "CANCELLED" ? "cancelled" : "failed",
            citations: run.citations,
            ...(run.error ? { error: new Error(`${run.error.message} (${run.error.code})`) } : {}),
          })),
        );
        setUploads(
          session.documents.map(({ filename, status }, index) => ({
            id: -index - 1,
            filename,
            progress: 1,
            state: status === "FAILED" ? "failed" : "stored",
          })),
        );
      },
      (error: unknown) => !opened.current.signal.aborted && setLoadError(error),
    );
  }, [sessionId]);

  const change = (index: number, next: (turn: Turn) => Turn) =>
    setTurns((before) => before.map((turn, position) => (position === index ? next(turn) : turn)));

  const enter = (id: string) => {
    known.current = id;
    onSession(id);
  };

  const ask = async (question: string): Promise<void> => {
    if (!agentId) return;
    const index = turns.length;
    setTurns([...turns, newTurn(question)]);
    const { signal } = opened.current;
    try {
      const session = known.current ? { session: { id: known.current } } : {};
      const input = { agentId, text: question, waitMs: 0, ...session };
      const { executeAgent } = await request(TryAgentDocument, { input }, { asScope, signal });
      enter(executeAgent.session.id);
      change(index, (turn) => ({ ...turn, runId: executeAgent.run.id, state: "running" }));
      const events = stream(TryEventsDocument, { runId: executeAgent.run.id }, { asScope, signal });
      for await (const { runEvents } of events) change(index, (turn) => afterEvent(turn, runEvents));
    } catch (error) {
      if (!signal.aborted) change(index, (turn) => ({ ...turn, state: "failed", error }));
    }
  };

  const stop = async (runId: string): Promise<void> => {
    await request(StopTryDocument, { input: { id: runId } }, { asScope });
  };

  const attach = async (file: File): Promise<void> => {
    const id = Date.now() + Math.random();
    const put = (part: Partial<UploadState>) =>
      setUploads((before) => before.map((one) => (one.id === id ? { ...one, ...part } : one)));
    setUploads((before) => [...before, { id, filename: file.name, progress: 0, state: "sending" }]);
    try {
      if (!known.current) {
        const { createSession } = await request(
          OpenTrySessionDocument,
          { input: asScope ? {} : { appId } },
          { asScope },
        );
        enter(createSession.session.id);
      }
      const input = { file, sessionId: known.current ?? "" };
      await upload(UploadTryDocumentDocument, input, (progress) => put({ progress }), { asScope });
      put({ state: "stored", progress: 1 });
    } catch (error) {
      put({ state: "failed", error });
    }
  };

  const isBusy = turns.some(({ state }) => state === "sending" || state === "running");
  return { turns, uploads, loadError, isBusy, ask, stop, attach };
}
