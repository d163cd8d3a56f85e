import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConfinement } from './open-confinement.js';

// For those who ask without a server: prints as JSON whether its user could confine functions here, and with which network.
const folder = mkdtempSync(join(tmpdir(), 'laneway-probe-'));
try {
  const options = { folder, slots: join(folder, 'slots'), hidden: [folder], tmpBytes: 2 ** 20, outbound: 'own' } as const;
  const { cells, problem } = await openConfinement(options);
  const outbound = cells?.outbound;
  console.log(JSON.stringify({ problem, outbound_problem: outbound?.how === 'none' ? outbound.problem : null }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
