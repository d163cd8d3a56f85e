import type { Logger } from 'pino';
import type { Audit } from '../../access/audit.js';
import type { KeyRing } from '../../access/key-ring.js';
import type { KeyLimits } from '../../access/rate-limit.js';
import type { Secrets } from '../../access/secrets.js';
import type { EventIntake } from '../../contract/events.js';
import type { Executor } from '../../contract/executor.js';
import type { Records } from '../../contract/records.js';
import type { Schedules } from '../../contract/schedules.js';
import type { FunctionStore } from '../../contract/store.js';
import type { BodyBudget } from '../../runs/body-budget.js';
import type { Runs } from '../../runs/open-runs.js';
import type { Authorize } from '../authorize.js';

/** What the native routes stand on; built in app.ts. */
export interface HttpParts {
  runs: Runs;
  events: EventIntake;
  store: FunctionStore;
  records: Records;
  schedules: Schedules;
  executor: Executor;
  ring: KeyRing;
  limits: KeyLimits;
  secrets: Secrets;
  audit: Audit;
  authorize: Authorize;
  log: Logger;
  bodies: BodyBudget;
  maxPayloadBytes: number;
  maxEventBytes: number;
  /** Whether webhooks may go to loopback and private addresses. */
  allowPrivateWebhooks: boolean;
  maxUploadBytes: number;
}
