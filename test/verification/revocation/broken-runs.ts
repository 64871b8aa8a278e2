import "reflect-metadata";
import { RevokedWork } from "../../../src/domain/run/execution/revoked-work";

/** When loaded before servers and workers, the runs of revoked keys go on. The verification must find it. */

RevokedWork.prototype.start = () => undefined;
