/** The parts of Relay's runtime that tests use; the package has no types. */
declare module "relay-runtime" {
  interface ConcreteRequest {
    readonly params: { readonly text: string };
  }
  interface OperationDescriptor {
    readonly fragment: object;
  }
  class RecordSource {
    clear(): void;
  }
  class Store {
    constructor(source: RecordSource);
    getSource(): RecordSource;
  }
  class Environment {
    constructor(config: { network: object; store: Store });
    lookup(selector: object): { readonly data: unknown };
    retain(operation: OperationDescriptor): unknown;
  }
  const Network: {
    create(fetch: (operation: { readonly text: string }, variables: object) => Promise<unknown>): object;
  };
  function createOperationDescriptor(request: ConcreteRequest, variables: object): OperationDescriptor;
  function fetchQuery(
    environment: Environment,
    request: ConcreteRequest,
    variables: object,
    options: { fetchPolicy: "network-only" },
  ): { toPromise(): Promise<unknown> };
}
