import type { RecordsWay } from '../ways.js';
import { testAccepting } from './accept-runs.js';
import { testAccess } from './access.js';
import { testAdmitting } from './admit-runs.js';
import { testCancelling } from './cancel-runs.js';
import { testClaiming } from './claim-runs.js';
import { testDelivering } from './deliver-ends.js';
import { testEnding } from './end-runs.js';
import { testForgetting } from './forget-runs.js';
import { testLargeBodies } from './large-bodies.js';
import { testLimits } from './limited-runs.js';
import { testListing } from './list-runs.js';
import { testRecovering } from './recover-runs.js';
import { testModel } from './model.js';
import { testRepeating } from './repeat-runs.js';
import { testEvents } from './run-events.js';
import { testSchedules } from './schedules.js';
import { testSyncRuns } from './sync-runs.js';
import { testVersions } from './versions.js';

/** What both ways of keeping records must do alike. */
export function testConformance(way: RecordsWay): void {
  testAccepting(way);
  testAdmitting(way);
  testClaiming(way);
  testLimits(way);
  testRepeating(way);
  testDelivering(way);
  testForgetting(way);
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
  testModel(way);
}
