import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Bus } from '../contract/bus.js';
import type { Principal } from '../contract/principal.js';
import type { Records } from '../contract/records.js';
import { anonymousPrincipal } from './anonymous.js';
import { type Audit, createAudit } from './audit.js';
import { ensureFirstKey, type FirstKey } from './first-key.js';
import { sharedPollMs } from './keep-fresh.js';
import { KeyRing } from './key-ring.js';
import { KeyLimits } from './rate-limit.js';
import { openSealKey, seal, unseal } from './seal.js';
import { Secrets } from './secrets.js';

/** Everything that decides who may do what. */
export interface Access {
  firstKey: FirstKey;
  ring: KeyRing;
  limits: KeyLimits;
  secrets: Secrets;
  audit: Audit;
  /** Seals what goes through other hands and comes back, at this server or another one of the installation. */
  seal: { seal(text: string): string; open(sealed: string): string | null };
  /** Who a caller without a key is; null when such callers are refused. */
  anonymous: Principal | null;
  close(): void;
}

export interface AccessParts {
  records: Records;
  bus: Bus;
  /** Other servers may change keys and secrets. */
  shared: boolean;
  log: Logger;
}

/** No name that a secret may have: neither can be passed off as the other. */
const sealedName = 'given out';

/** Sees to it that there is an admin key, and reads keys and secrets into memory. */
export async function openAccess(config: Config, { records, bus, shared, log }: AccessParts): Promise<Access> {
  const clock = Date.now;
  const { installationId } = records;
  const fresh = {
    bus,
    pollMs: shared ? sharedPollMs : null,
    onError: (error: unknown) => log.warn({ err: error }, 'keys or secrets could not be read again'),
  };
  const first = { records: records.keys, installationId, dataFolder: config.DATA, given: config.ADMIN_KEY, clock };
  const firstKey = await ensureFirstKey(first);
  const sealKey = await openSealKey(config.SECRET_KEY, config.DATA);
  const secrets = await Secrets.open({ ...fresh, records: records.secrets, sealKey });
  const ring = await KeyRing.open({ ...fresh, records: records.keys, clock });
  return {
    firstKey,
    ring,
    secrets,
    limits: new KeyLimits(config.KEY_RATE, () => performance.now()),
    audit: createAudit(records.audit, clock),
    seal: { seal: (text) => seal(sealKey, sealedName, text), open: (text) => unseal(sealKey, sealedName, text) },
    anonymous: anonymousPrincipal(config.ANONYMOUS),
    close() {
      ring.close();
      secrets.close();
    },
  };
}
