// Receives callbacks and verifies their signatures: SECRET=whsec_... PORT=4001 node examples/receiver.mjs
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.SECRET);

const server = createServer(async (request, response) => {
  const body = await text(request);
  try {
    const { type, data } = webhook.verify(body, request.headers);
    // A delivery may come twice: a receiver that must not act twice remembers request.headers["webhook-id"].
    console.log(type, data.run.status, data.run.output);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
