import { sql } from './kysely.js';
import type { Manifest } from '../contract/manifest.js';
import type { PromotedFrom, VersionDetails, VersionNumber, VersionRecord, VersionRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { Backend } from './backend.js';
import type { VersionRow } from './tables.js';
import { keepNames, takeNames } from './version-names.js';

const adoptedAtOnce = 500;

/** Versions of every lane: numbers are given out here, and never twice. */
export function versionRecords(backend: Backend): VersionRecords {
  const { db, dialect } = backend;
  const now = sql<number>`${sql.raw(dialect.now)}`;
  return {
    reserve: async (functionName, lane, newMajor, highestSeen) => {
      await takeNames(backend, functionName, lane);
      for (;;) {
        const taken = await takeNext(functionName, lane, { newMajor, highestSeen });
        // Another server took the number between the look and the write: the next look sees it.
        if (taken !== undefined) return taken;
      }
    },

    ready: async (functionName, lane, version, details) => {
      const { numUpdatedRows } = await db
        .updateTable('versions')
        .set({ ...detailColumns(details), state: 'ready', pushed_at: now, updated_at: now })
        .where(isVersion(functionName, lane, version))
        // immutable-version: a version that is ready is never written again, one that was adopted unseen only once.
        .where(sql<boolean>`(state = 'reserved' or (state = 'ready' and sha256 is null))`)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) await refuseUnlessSame(functionName, lane, { version, details });
    },

    remove: async (functionName, lane, version) => {
      const { numUpdatedRows } = await db
        .updateTable('versions')
        .set({ state: 'deleted', updated_at: now })
        .where(isVersion(functionName, lane, version))
        .where('state', 'in', ['ready', 'reserved'])
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },

    adopt: async (found) => {
      for (let from = 0; from < found.length; from += adoptedAtOnce) {
        const some = found.slice(from, from + adoptedAtOnce);
        await keepNames(backend, some);
        await db
          .insertInto('versions')
          .values(
            some.map((version) => ({
              function: version.function,
              lane: version.lane,
              major: version.major,
              minor: version.minor,
              state: 'ready' as const,
              ...detailColumns({ ...noDetails, ...version.details }),
              pushed_at: version.pushedAt ?? now,
              updated_at: now,
            })),
          )
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },

    ofLane: async (functionName, lane) => {
      const rows = await db
        .selectFrom('versions')
        .selectAll()
        .where('function', '=', functionName)
        .where('lane', '=', lane)
        .orderBy('major')
        .orderBy('minor')
        .execute();
      return rows.map(versionFromRow);
    },

    allReady: () =>
      db.selectFrom('versions').select(['function', 'lane', 'major', 'minor']).where('state', '=', 'ready').execute(),

    lanesThatMayWantEvents: () => lanesWith('%"events":%'),
    lanesThatMayBeWarm: () => lanesWith('%"warm":%'),

    changedWithin: (ms) =>
      db
        .selectFrom('versions')
        .select(['function', 'lane'])
        .where('updated_at', '>=', sql<number>`${now} - ${ms}`)
        .union(
          db
            .selectFrom('lanes')
            .select(['function', 'lane'])
            .where('updated_at', '>=', sql<number>`${now} - ${ms}`),
        )
        .execute(),
  };

  /** Lanes with a ready version whose manifest looks so, or is not known. */
  function lanesWith(pattern: string) {
    return db
      .selectFrom('versions')
      .select(['function', 'lane'])
      .distinct()
      .where('state', '=', 'ready')
      .where((where) => where.or([where('manifest', 'is', null), where('manifest', 'like', pattern)]))
      .execute();
  }

  /** immutable-version: looks for the highest number and takes the next in one statement; the key admits it once. */
  async function takeNext(
    functionName: string,
    lane: string,
    { newMajor, highestSeen }: { newMajor: boolean; highestSeen: VersionNumber | null },
  ): Promise<VersionNumber | undefined> {
    const seen = highestSeen ?? { major: 0, minor: 0 };
    // A highest major of 0 counts as none, so that the first version is always 1.1.
    const isNewMajor = newMajor ? sql`1 = 1` : sql`major = 0`;
    const { rows } = await sql<VersionNumber>`
      insert into versions (function, lane, major, minor, state, pushed_at, updated_at)
      select ${functionName}, ${lane},
        case when ${isNewMajor} then major + 1 else major end,
        case when ${isNewMajor} then 1 else minor + 1 end,
        'reserved', ${now}, ${now}
      from (
        select major, minor from (
          select major, minor from versions where function = ${functionName} and lane = ${lane}
          union all select cast(${seen.major} as bigint), cast(${seen.minor} as bigint)
        ) as known order by major desc, minor desc limit 1
      ) as highest where true
      on conflict do nothing
      returning major, minor`.execute(db);
    return rows[0];
  }

  async function refuseUnlessSame(
    functionName: string,
    lane: string,
    { version, details }: { version: VersionNumber; details: VersionDetails },
  ): Promise<void> {
    const row = await db
      .selectFrom('versions')
      .selectAll()
      .where(isVersion(functionName, lane, version))
      .executeTakeFirst();
    if (row?.state === 'ready' && row.sha256 === details.sha256) return;
    throw new LanewayError('version_not_found', { function: functionName, lane, version: `${version.major}.${version.minor}` });
  }
}

const noDetails: VersionDetails = {
  sha256: null,
  sizeBytes: null,
  manifest: null,
  type: null,
  pushedBy: null,
  promotedFrom: null,
};

function isVersion(functionName: string, lane: string, { major, minor }: VersionNumber) {
  return sql<boolean>`(function = ${functionName} and lane = ${lane} and major = ${major} and minor = ${minor})`;
}

function detailColumns(details: VersionDetails) {
  return {
    sha256: details.sha256,
    size_bytes: details.sizeBytes,
    manifest: jsonOrNull(details.manifest),
    type: details.type,
    pushed_by: details.pushedBy,
    promoted_from: jsonOrNull(details.promotedFrom),
  };
}

function versionFromRow(row: VersionRow): VersionRecord {
  return {
    function: row.function,
    lane: row.lane,
    major: row.major,
    minor: row.minor,
    state: row.state,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    manifest: row.manifest === null ? null : (JSON.parse(row.manifest) as Manifest),
    type: row.type,
    pushedAt: row.pushed_at,
    pushedBy: row.pushed_by,
    promotedFrom: row.promoted_from === null ? null : (JSON.parse(row.promoted_from) as PromotedFrom),
    updatedAt: row.updated_at,
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
