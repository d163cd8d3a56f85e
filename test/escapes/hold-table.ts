import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Attack } from './attack.js';
import { Host, type Level } from './host.js';
import { findProcesses } from './processes.js';
import { holdVerdict } from './run-attack.js';
import { attacks } from './table.js';

const atOnce = 4;
const only = process.env['ONLY_ATTACK'];

/** A test of every attack at a level: what the table says must be what happens. */
export function holdTable(level: Level): void {
  const due = attacks.filter(
    ({ name, verdicts }) => verdicts[level].is !== 'does not apply' && (only === undefined || name.includes(only)),
  );
  test(`escapes at level ${level}`, async (t) => {
    const host = await Host.open(level);
    t.after(() => host.close());
    if (!host.hasLevel) return t.skip(`this machine does not give ${level}`);
    const held = (attack: Attack) => async (inner: TestContext) => {
      const said = await holdVerdict(attack, host);
      inner.diagnostic(said.replaceAll('\n', ' ').slice(0, 300));
    };
    await t.test('no secret of a function stands on a command line', () => {
      assert.deepEqual(findProcesses(host.victimSecret), []);
    });
    await t.test('beside each other', { concurrency: atOnce }, async (together) => {
      await Promise.all(due.filter(({ place }) => place === undefined).map((attack) => together.test(attack.name, held(attack))));
    });
    const byThemselves = [...due.filter(({ place }) => place === 'alone'), ...due.filter(({ place }) => place === 'last')];
    for (const attack of byThemselves) {
      await t.test(attack.name, held(attack));
      // Some hurt the server for good where they are not stopped.
      if (!(await host.isWell())) await host.start();
    }
  });
}
