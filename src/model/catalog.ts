import type { Model } from "./model";

/** The models that agents may name. */
export class ModelCatalog {
  private readonly models: ReadonlyMap<string, Model>;

  constructor(models: Readonly<Record<string, Model>>) {
    this.models = new Map(Object.entries(models));
  }

  find(name: string): Model | undefined {
    return this.models.get(name);
  }

  names(): string[] {
    return [...this.models.keys()];
  }
}
