import { randomUUID } from "node:crypto";
import pino from "pino";
import { createLanguageModel } from "../../../src/model/provider";
import { ProviderModel } from "../../../src/model/provider-model";
import { Outbound } from "../../../src/platform/outbound/outbound";
import { DocumentReader } from "../../../src/retrieval/document-reader";
import { productionTimings } from "../../../src/timings";
import { useModelServer } from "../../support/model-server";

const models = useModelServer();

test("a model's stream is read no faster than its answer is consumed", async () => {
  const outbound = new Outbound([{ hostname: "127.0.0.1", port: undefined }]);
  const reader = new DocumentReader({ maxReadSeconds: 60, maxReadMegabytes: 1_024, maxQueuedDocuments: 1_000 });
  const access = { provider: "OPENAI_COMPATIBLE", baseUrl: models.current.baseUrl, apiKey: null } as const;
  const model = new ProviderModel(
    await createLanguageModel(access, "endless", outbound.fetch),
    reader,
    outbound.fetch,
    productionTimings,
    pino({ level: "silent" }),
  );
  const text = randomUUID();
  const settings = { temperature: null, maxOutputTokens: null, timeoutSeconds: 20 };
  const share = { appId: "app", lane: "session" };
  const request = {
    share,
    instructions: "",
    text,
    earlier: () => Promise.resolve([]),
    documents: [],
    settings,
    tools: [],
  };
  for await (const _ of model.answer({
    ...request,
    withIndexes: (search) => search(new Map()),
    signal: new AbortController().signal,
  })) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    break;
  }
  const [call] = models.current.callsWith(text);
  // This is what fits into the network's buffers; without backpressure it would be 64 MB.
  expect(call?.sent()).toBeLessThan(16_000_000);
  expect(await call?.closed).toBe(true);
  await Promise.all([outbound.close(), reader.close()]);
});
