import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { TestCredential } from "../../support/client";
import type { Instance } from "./instance";
import type { Ending } from "./assertions";
import type { Watched } from "./watched-stream";

/** How often a little more of the document is sent, in milliseconds. */
const pause = 100;

const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }`;

/** Begins to upload a document that comes bit by bit and never to its end. */
export function openUpload(instance: Instance, credential: TestCredential, sessionId: string): Watched {
  const sent = request(instance.url, {
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
  sent.write(
    parts.map(([head, body]) => `--cut\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}`).join("\r\n"),
  );
  const more = setInterval(() => sent.write("\r\nThe barn is red."), pause);

  const ended = once(sent, "response")
    .then(async ([response]: IncomingMessage[]): Promise<Ending> => {
      const at = performance.now();
      return response ? endingOf(at, response.statusCode, await textOf(response)) : cut("nothing");
    })
    .catch((error: unknown) => cut(String(error)));
  const leave = () => {
    clearInterval(more);
    sent.destroy();
  };
  sent.on("error", () => undefined);
  void ended.then(leave);
  return { kind: "an upload", instance, ended, lastMadeAt: 0, leave };
}

/** Who is refused while still sending may hear of nothing but the end of the connection. */
const cut = (said: string): Ending => ({ at: performance.now(), how: "unavailable", said });

function endingOf(at: number, status: number | undefined, body: string): Ending {
  const said = `${status} ${body}`;
  if (status === 503 || body.includes(`"UNAVAILABLE"`)) return { at, how: "unavailable", said };
  return { at, how: body.includes(`"errors"`) ? "refused" : "completed", said };
}
