import { BpfProgram } from './bpf-program.js';
import { judgedCalls, numbersOn, type Processor, refusedCalls } from './system-calls.js';

/** Places in the kernel's `struct seccomp_data`; of an argument, its lower half. */
const numberAt = 0;
const processorAt = 4;
const argumentAt = (index: number) => 16 + 8 * index;

const allow = 0x7fff0000;
const killProcess = 0x80000000;
const failWith = (error: number) => 0x00050000 | error;
const notPermitted = 1;
const noSuchCall = 38;
const noSuchFamily = 97;

/** As the kernel's audit names the processors; a call of another kind (32 bit) is never ours. */
const auditNames: Record<Processor, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** On x64 numbers from here on are the calls of x32, a second door to everything. */
const firstOfX32 = 0x40000000;

/** Bits of `clone` that make a namespace of some kind: mnt, cgroup, uts, ipc, user, pid, net. */
const newNamespaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
/** TIOCSTI types into the terminal of whoever started this, TIOCLINUX pastes into the console. */
const typing = [0x5412, 0x541c];
/** A personality that is asked for only, and the usual one. */
const harmlessPersonalities = [0xffffffff, 0];
/** unix, inet, inet6, netlink: all that are divided by a network namespace and that programs use. */
const families = [1, 2, 10, 16];

/** Whether there is a filter for the processor that Node names so. */
export function hasFilter(processor: string): processor is Processor {
  return processor in auditNames;
}

/**
 * The filter of system calls that a confined worker and all it starts live under, as bytes for `bwrap --seccomp`. What is not
 * named is allowed; what is refused fails with EPERM as if it needed a right; `clone3` is not there (ENOSYS), because its flags
 * lie where no filter can look, and libraries go back to `clone`. Calls in the way of another processor end the process.
 */
export function buildSystemCallFilter(processor: Processor): Buffer {
  const number = (call: keyof typeof judgedCalls) => judgedCalls[call][processor === 'x64' ? 0 : 1];
  const program = new BpfProgram();
  program.load(processorAt).jumpIfEqual(auditNames[processor], 'ours').give(killProcess);
  program.label('ours').load(numberAt);
  if (processor === 'x64') program.jumpIfAtLeast(firstOfX32, 'kill');
  program.jumpIfEqual(number('clone3'), 'absent');
  for (const call of ['clone', 'ioctl', 'personality', 'socket'] as const) program.jumpIfEqual(number(call), call);
  program.jumpIfEqual(number('socketpair'), 'socket');
  for (const refused of numbersOn(processor, refusedCalls)) program.jumpIfEqual(refused, 'refuse');
  program.give(allow);

  program.label('clone').load(argumentAt(0)).jumpIfAnySet(newNamespaces, 'refuse').give(allow);
  // The kernel looks at the lower half of a request alone, so whatever stands in the upper one is no way around.
  program.label('ioctl').load(argumentAt(1));
  for (const request of typing) program.jumpIfEqual(request, 'refuse');
  program.give(allow);
  program.label('personality').load(argumentAt(0));
  for (const personality of harmlessPersonalities) program.jumpIfEqual(personality, 'fine');
  program.give(failWith(notPermitted));
  program.label('socket').load(argumentAt(0));
  for (const family of families) program.jumpIfEqual(family, 'fine');
  program.give(failWith(noSuchFamily));

  program.label('fine').give(allow);
  program.label('refuse').give(failWith(notPermitted));
  program.label('absent').give(failWith(noSuchCall));
  program.label('kill').give(killProcess);
  return program.assemble();
}
