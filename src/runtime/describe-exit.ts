import { constants } from 'node:os';
import type { Failure } from './active-run.js';
import type { FunctionWorker, WorkerExit } from './function-worker.js';

/** What the end of its worker means for the run that was on it. */
export function describeExit(worker: FunctionWorker, exit: WorkerExit): Failure {
  switch (exit.how) {
    case 'code':
      return { reason: 'exit_code', message: withNote(describeCode(worker, exit.code), exit.note), exitCode: exit.code };
    case 'signal':
      return describeSignal(exit.signal, exit.note);
    case 'out_of_memory':
      return { reason: 'out_of_memory', message: exit.message };
    default:
      return { reason: exit.missing ? 'no_executor' : 'worker_lost', message: `the worker did not start: ${exit.message}` };
  }
}

function describeSignal(signal: NodeJS.Signals, note?: string): Failure {
  // The one signal that has a limit of ours behind it for certain.
  const why = signal === 'SIGXFSZ' ? 'it wrote a file larger than it may (LANEWAY_MAX_SCRATCH)' : note;
  const message = withNote(`the process was ended by signal ${signal}`, why);
  return { reason: 'exit_code', message, exitCode: 128 + constants.signals[signal] };
}

function withNote(message: string, note?: string): string {
  return note === undefined ? message : `${message} (${note})`;
}

function describeCode(worker: FunctionWorker, code: number): string {
  if (worker.kind === 'executable') return `the executable ended with exit code ${code}`;
  return `the function ended its ${worker.kind === 'thread' ? 'thread' : 'process'} with exit code ${code} before it returned`;
}
