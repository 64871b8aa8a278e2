import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { TestCredential } from "../../support/client";
import type { Instance } from "./instance";
import type { Ending } from "./assertions";
import type { WatchedStream } from "./watched-stream";

const chunkIntervalMs = 100;

const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }`;

/** Starts an upload that is sent slowly and never finishes. */
export function openUpload(instance: Instance, credential: TestCredential, sessionId: string): WatchedStream {
  const upload = request(instance.url, {
    method: "POST",
    agent: false,
    headers: {
      ...Object.fromEntries(credential ? [credential] : []),
      "content-type": "multipart/form-data; boundary=cut",
      "apollo-require-preflight": "1",
    },
  });
  const parts = [
    [`name="operations"`, JSON.stringify({ query, variables: { input: { sessionId, file: null } } })],
    [`name="map"`, JSON.stringify({ file: ["variables.input.file"] })],
    [`name="file"; filename="slow.txt"\r\ncontent-type: text/plain`, "The barn is red."],
  ];
  upload.write(
    parts.map(([head, body]) => `--cut\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}`).join("\r\n"),
  );
  const timer = setInterval(() => upload.write("\r\nThe barn is red."), chunkIntervalMs);

  const ended = once(upload, "response")
    .then(async ([response]: IncomingMessage[]): Promise<Ending> => {
      const at = performance.now();
      return response ? endingOf(at, response.statusCode, await textOf(response)) : disconnected("nothing");
    })
    .catch((error: unknown) => disconnected(String(error)));
  const close = () => {
    clearInterval(timer);
    upload.destroy();
  };
  upload.on("error", () => undefined);
  void ended.then(close);
  return { name: "an upload", instance, ended, lastProducedAt: 0, close };
}

/** A client that is still sending may lose the connection before it can read the refusal. */
const disconnected = (reason: string): Ending => ({ at: performance.now(), outcome: "unavailable", reason });

function endingOf(at: number, status: number | undefined, body: string): Ending {
  const reason = `${status} ${body}`;
  if (status === 503 || body.includes(`"UNAVAILABLE"`)) return { at, outcome: "unavailable", reason };
  return { at, outcome: body.includes(`"errors"`) ? "refused" : "completed", reason };
}
