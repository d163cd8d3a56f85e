import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalogue } from '../../src/store/catalogue.js';
import { LaneKeeper } from '../../src/store/lane-keeper.js';
import type { StoreParts } from '../../src/store/parts.js';
import { sqliteWay } from '../records/ways.js';

const name = { function: 'hello', lane: 'latest' };
const details = { sha256: 'a', sizeBytes: 1, manifest: {}, type: null, pushedBy: null, promotedFrom: null };

test('a version that is published while its lane is read again is not forgotten', async (t) => {
  const { records } = await sqliteWay.open(t);
  const catalogue = new Catalogue();
  const keeper = new LaneKeeper({ records, catalogue } as unknown as StoreParts);
  const publish = async () => {
    const version = await records.versions.reserve(name.function, name.lane, false, null);
    await records.versions.ready(name.function, name.lane, version, details);
    catalogue.addVersion(name, version);
  };
  await publish();
  const getLane = records.lanes.get.bind(records.lanes);
  const reading = t.mock.method(records.lanes, 'get', async () => {
    // The versions were read, the pin was not: in between a push is done.
    reading.mock.restore();
    await publish();
    return getLane(name.function, name.lane);
  });
  await keeper.refresh(name);
  assert.deepEqual([...catalogue.get(name.function, name.lane)!.versions.keys()], ['1.1', '1.2']);
});
