import { findLocalServer } from '../../../client/local-server.js';
import { CommandError, exitCode, type ExitCode } from '../../exit-code.js';
import type { Session } from '../../session.js';
import { tableOf } from '../../table.js';
import { type LevelReport, type ProbeOutcome, probeLevel } from './probe-level.js';
import { probes } from './probes.js';

const levels = ['thread', 'process', 'confined'] as const;

/**
 * Tries to get out of functions of the server that runs here, level by level, and prints what was stopped. Fails when
 * the level that is for the code of strangers lets something through.
 */
export async function reportIsolation(session: Session): Promise<ExitCode> {
  const server = await findLocalServer(session.environment);
  if (server === null) {
    throw new CommandError(
      exitCode.unreachable,
      'no server of yours is running on this machine, and from another one can not be seen what gets out',
      'start one with `npm start` (or `fas serve`)',
    );
  }
  const client = await session.connect();
  if (new URL(client.url).origin !== new URL(server.url).origin) {
    throw new CommandError(exitCode.usage, `${client.url} is not the server that runs here`, `take --url ${server.url}`);
  }
  const reports: LevelReport[] = [];
  for (const level of levels) {
    session.note(`trying to get out of a function at level ${level}`);
    reports.push(await probeLevel(level, client, server));
  }
  session.print(session.json ? JSON.stringify({ isolation: reports }) : asText(reports));
  const leaks = reports.some((report) => report.level === 'confined' && outcomesOf(report).includes('not stopped'));
  return leaks ? exitCode.failed : exitCode.ok;
}

function asText(reports: readonly LevelReport[]): string {
  const rows = probes.map(({ name, intent }) => [intent, ...reports.map((report) => cell(report, name))]);
  const refusals = reports.flatMap((report) => ('refused' in report ? [`${report.level}: ${report.refused}`] : []));
  return [tableOf(['a function tries to', ...levels], rows), ...refusals].join('\n');
}

function cell(report: LevelReport, probe: string): string {
  if ('refused' in report) return '-';
  const outcome = report.probes[probe] ?? null;
  return outcome === null ? 'not known' : outcome === 'stopped' ? 'stopped' : 'NOT STOPPED';
}

function outcomesOf(report: LevelReport): ProbeOutcome[] {
  return 'refused' in report ? [] : Object.values(report.probes);
}
