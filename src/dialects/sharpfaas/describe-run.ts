import type { RunRecord } from '../../contract/records.js';
import type { RunState } from '../../contract/words.js';

// The order of the properties is part of the wire.

/** How .NET's TaskStatus calls our states. */
const taskStatus: Record<RunState, string> = {
  queued: 'WaitingToRun',
  running: 'Running',
  succeeded: 'RanToCompletion',
  failed: 'Faulted',
  expired: 'Faulted',
  cancelled: 'Canceled',
};

/** What RunFunction answers. */
export interface StartAnswer {
  callerId: string;
  instanceId: string;
  functionName: string;
  lane: string;
  version: string | null;
  type: string | null;
  exceptions: string[];
  startedAt: number;
}

/** A run that was taken, or was not when there are exceptions. */
export function describeStart(answer: StartAnswer): string {
  return JSON.stringify({
    CallerId: answer.callerId,
    InstanceId: answer.instanceId,
    FunctionName: answer.functionName,
    Lane: answer.lane,
    Version: answer.version,
    TaskStatus: answer.exceptions.length === 0 ? 'WaitingToRun' : 'Faulted',
    Type: answer.type,
    Exceptions: answer.exceptions,
    ElapsedTimeInSeconds: seconds(answer.startedAt, Date.now()),
  });
}

/** A run as CheckFunction and GetActiveFunctions tell of it; not serialised yet. */
export function describeRun(run: RunRecord): object {
  const { InstanceId, ...rest } = describeCancelled(run);
  return { InstanceId, CallerId: run.callerId, ...rest };
}

/** A run as CancelFunction tells of it, which never named the caller. */
export function describeCancelled(run: RunRecord) {
  return {
    InstanceId: run.id,
    FunctionName: run.function,
    Lane: run.lane,
    Version: run.version,
    Type: run.type ?? 'dll',
    TaskStatus: taskStatus[run.state],
    Exceptions: exceptionsOf(run),
    ElapsedTimeInSeconds: seconds(run.createdAt, run.endedAt ?? Date.now()),
  };
}

/** CheckFunction's answer for an id that is not known. */
export function describeUnknown(instanceId: string): object {
  return { InstanceId: instanceId, Exceptions: ['No InstanceId was found matching passed in value'] };
}

/** CancelFunction's answer for an id that is not known. */
export function describeNothingToCancel(instanceId: string): object {
  return {
    InstanceId: instanceId,
    FunctionName: '',
    Lane: '',
    Version: '',
    Type: '',
    TaskStatus: 'NoTaskFound',
    Exceptions: [],
    ElapsedTimeInSeconds: 0,
  };
}

/** The inner message, then that of the AggregateException around it. */
function exceptionsOf(run: RunRecord): string[] | null {
  if (run.state === 'expired') return aggregate(run.message ?? 'The run expired before it could start.');
  return run.state === 'failed' ? aggregate(run.message ?? run.reason ?? 'The run failed.') : null;
}

function aggregate(message: string): string[] {
  return [message, `One or more errors occurred. (${message})`];
}

/** Counts until the end of a run that has ended; the old server went on counting. */
function seconds(from: number, until: number): number {
  return Math.max(0, Math.round((until - from) / 1000));
}
