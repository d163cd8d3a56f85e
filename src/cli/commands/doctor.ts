import { readConfig, type Config } from '../../config.js';
import { checkFtp } from '../doctor/check-ftp.js';
import { checkLimits } from '../doctor/check-limits.js';
import { checkNats } from '../doctor/check-nats.js';
import { checkPostgres } from '../doctor/check-postgres.js';
import { checkBubblewrap, checkNode, checkPython, checkRunsc } from '../doctor/check-programs.js';
import { checkRedis } from '../doctor/check-redis.js';
import { checkServer } from '../doctor/check-server.js';
import { failed, ok, type Finding } from '../doctor/finding.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Looks at everything at the same time; fails when something that is asked for does not work. */
export async function run(_args: readonly string[], options: { isolation?: boolean }, session: Session): Promise<ExitCode> {
  if (options.isolation === true) {
    const { reportIsolation } = await import('../doctor/isolation/report-isolation.js');
    return reportIsolation(session);
  }
  const [settings, config] = readSettings(session.environment);
  const findings = [settings, ...(await Promise.all(checks(config, session)))];
  session.print(session.json ? JSON.stringify({ findings }) : findings.map(toLines).join('\n'));
  return findings.some(({ state }) => state === 'failed') ? exitCode.failed : exitCode.ok;
}

function checks(config: Config | null, session: Session): Promise<Finding>[] {
  const parts = config && [
    checkRedis(config.REDIS_URL),
    checkPostgres(config.DATABASE_URL),
    checkFtp(config.FTP_URL, config.FTP_CA),
    checkNats(config.NATS_URL),
  ];
  return [
    checkNode(),
    checkServer(session),
    ...(parts ?? []),
    checkPython(config?.PYTHON ?? 'auto'),
    checkBubblewrap(),
    checkRunsc(),
    checkLimits(session),
  ];
}

function readSettings(environment: Session['environment']): [Finding, Config | null] {
  try {
    return [ok('settings', 'every LANEWAY_ setting keeps its rule'), readConfig(environment)];
  } catch (error) {
    return [failed('settings', error, 'put the setting right; the parts it names are not looked at before'), null];
  }
}

const marks = { ok: 'ok     ', off: 'off    ', missing: 'missing', failed: 'FAILED ' } as const;

function toLines({ part, state, detail, mend }: Finding): string {
  const line = `${marks[state]}  ${part.padEnd(10)}  ${detail}`;
  return mend === null ? line : `${line}\n${' '.repeat(21)}-> ${mend}`;
}
