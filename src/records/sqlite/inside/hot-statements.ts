import type { Database } from './database.js';
import { prepareAccept } from './accept-run.js';
import { prepareClaim, prepareClaimNext, prepareRenew } from './claim-run.js';
import { prepareEnd } from './end-run.js';
import { prepareAppendEvents } from './append-events.js';
import { prepareWriteSync } from './write-sync.js';

/** Each operation carries its statements out inside a transaction that is already open, and answers after its commit. */
export type HotStatements = ReturnType<typeof prepareHotStatements>;

/** Prepares what happens for every run. Times are by this thread's clock. */
export function prepareHotStatements(database: Database) {
  return {
    accept: prepareAccept(database),
    claim: prepareClaim(database),
    claimNext: prepareClaimNext(database),
    renew: prepareRenew(database),
    end: prepareEnd(database),
    writeSync: prepareWriteSync(database),
    appendEvents: prepareAppendEvents(database),
  };
}
