import "reflect-metadata";
import { LiveConnection } from "../../../src/api/streams/live-connection";
import { LiveOperation } from "../../../src/api/streams/live-operation";

/** When loaded before the server, operations keep the rights that they were admitted with. The verification must find it. */

LiveConnection.prototype.confirmWithin = () => Promise.resolve();
LiveOperation.prototype.beforeMutationField = () => Promise.resolve();
LiveOperation.prototype.confirm = () => Promise.resolve();
LiveOperation.prototype.loss = () => Promise.resolve(undefined);
Object.defineProperty(LiveOperation.prototype, "ended", { get: () => new AbortController().signal });
