import { node } from "./node";

// What tests throw is an error to the server too, and what they do to the clock holds for it.
const { AggregateError, Date, Error, RangeError, SyntaxError, TypeError } = node;
Object.assign(globalThis, { AggregateError, Date, Error, RangeError, SyntaxError, TypeError });
