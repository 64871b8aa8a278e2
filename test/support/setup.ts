import { node } from "./node";

// Share these classes with the server, so that errors from tests are instances of its Error and a faked Date affects it.
const { AggregateError, Date, Error, RangeError, SyntaxError, TypeError } = node;
Object.assign(globalThis, { AggregateError, Date, Error, RangeError, SyntaxError, TypeError });
