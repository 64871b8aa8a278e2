import { node } from "./node";

// What tests throw is an error to the server too, and what they do to the clock holds for it.
Object.assign(globalThis, { Date: node.Date, Error: node.Error });
