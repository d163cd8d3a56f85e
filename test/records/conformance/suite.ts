import type { RecordsWay } from '../ways.js';
import { testAccepting } from './accept-runs.js';
import { testAccess } from './access.js';
import { testCancelling } from './cancel-runs.js';
import { testClaiming } from './claim-runs.js';
import { testEnding } from './end-runs.js';
import { testLargeBodies } from './large-bodies.js';
import { testListing } from './list-runs.js';
import { testRecovering } from './recover-runs.js';
import { testEvents } from './run-events.js';
import { testSchedules } from './schedules.js';
import { testSyncRuns } from './sync-runs.js';
import { testVersions } from './versions.js';

/** What both ways of keeping records must do alike. */
export function testConformance(way: RecordsWay): void {
  testAccepting(way);
  testClaiming(way);
  testEnding(way);
  testCancelling(way);
  testRecovering(way);
  testSyncRuns(way);
  testLargeBodies(way);
  testListing(way);
  testEvents(way);
  testVersions(way);
  testAccess(way);
  testSchedules(way);
}
