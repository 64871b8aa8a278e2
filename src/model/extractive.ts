import type { Model, ModelPiece, ModelRequest } from "./model";

export class ExtractiveModel implements Model {
  constructor(readonly reader: unknown) {}
  async *answer(request: ModelRequest): AsyncIterable<ModelPiece> {
    yield { kind: "text", text: "stub " };
    yield { kind: "text", text: request.text };
  }
}
