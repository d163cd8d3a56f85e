import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFilter, buildSystemCallFilter } from '../../../src/runtime/confinement/system-call-filter.js';
import { judgedCalls, numbersOn, refusedCalls, type Processor } from '../../../src/runtime/confinement/system-calls.js';
import { deploy, makeExecutor, resultOf } from '../support.js';
import { assertCells, needsCells } from './support.js';

interface Answers {
  calls: (string | number)[];
  children: (string | number)[];
  codes: (string | number)[];
}

const isolation = 'confined';
const processor = process.arch as Processor;
const notPermitted = 'Operation not permitted';
const number = (name: keyof typeof judgedCalls) => judgedCalls[name][processor === 'x64' ? 0 : 1];

test('every call that reaches what lies around a function is refused by the filter', needsCells, async (t) => {
  assertCells();
  const calls = numbersOn(processor, refusedCalls).map((call) => [call]);
  const answers = (await resultOf(makeExecutor(t), deploy('in-a-cell/calls.py'), { isolation, payload: { calls } })) as Answers;
  const names = Object.keys(refusedCalls).filter(
    (name) => refusedCalls[name as keyof typeof refusedCalls][processor === 'x64' ? 0 : 1] !== null,
  );
  assert.deepEqual(
    Object.fromEntries(names.map((name, at) => [name, answers.calls[at]])),
    Object.fromEntries(names.map((name) => [name, notPermitted])),
  );
});

test('the ways out that are known are among the refused calls', () => {
  const known = [
    'ptrace',
    'process_vm_readv',
    'mount',
    'umount2',
    'pivot_root',
    'move_mount',
    'fsopen',
    'open_by_handle_at',
    'setns',
  ];
  const more = ['unshare', 'bpf', 'keyctl', 'add_key', 'request_key', 'io_uring_setup', 'userfaultfd', 'perf_event_open'];
  const machine = [
    'kexec_load',
    'init_module',
    'finit_module',
    'reboot',
    'swapon',
    'acct',
    'quotactl',
    'syslog',
    'iopl',
    'ioperm',
  ];
  for (const name of [...known, ...more, ...machine]) assert.ok(name in refusedCalls, name);
});

test('calls are judged by what they are given', needsCells, async (t) => {
  const newNamespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
  const calls = [
    ...newNamespaces.map((bits) => [number('clone'), bits | 17]),
    [number('clone3'), 0, 0],
    [number('ioctl'), 0, 0x5412],
    // The kernel looks at the lower half of a request only.
    [number('ioctl'), 0, 2 ** 40 + 0x5412],
    [number('ioctl'), 0, 0x541c],
    [number('personality'), 0x40000],
    [number('socket'), 40, 1, 0],
    [number('socket'), 38, 5, 0],
    [number('socket'), 17, 3, 0],
    // And these are fine.
    [number('personality'), 0xffffffff],
    [number('ioctl'), 0, 0x5401],
  ];
  const answers = (await resultOf(makeExecutor(t), deploy('in-a-cell/calls.py'), { isolation, payload: { calls } })) as Answers;
  const noFamily = 'Address family not supported by protocol';
  assert.deepEqual(answers.calls, [
    ...newNamespaces.map(() => notPermitted),
    'Function not implemented',
    notPermitted,
    notPermitted,
    notPermitted,
    notPermitted,
    noFamily,
    noFamily,
    noFamily,
    0,
    'Inappropriate ioctl for device',
  ]);
});

// Elsewhere there is no other way that could be called here.
const testOnX64 = processor === 'x64' ? test : () => undefined;
void testOnX64('who calls the way of another processor is killed', needsCells, async (t) => {
  const executor = makeExecutor(t);
  // getpid of x32, and getpid of 32 bit: mov eax, 20; int 0x80; ret
  const payload = { children: [[0x40000000 + 39]], codes: ['b814000000cd80c3', 'b801000000c3'] };
  const answers = (await resultOf(executor, deploy('in-a-cell/calls.py'), { isolation, payload })) as Answers;
  assert.deepEqual([answers.children, answers.codes], [['SIGSYS'], ['SIGSYS', 0]]);
});

test('what programs need is there: threads, children, sockets, locks, loops', needsCells, async (t) => {
  assert.deepEqual(await resultOf(makeExecutor(t), deploy('in-a-cell/calls.py', {}, 'works'), { isolation }), {
    child: 'hello\n',
    pool: 1,
    pair: 'x',
    loop: 'slept',
  });
});

test('there is a filter for x64 and arm64, and for nothing else', () => {
  assert.deepEqual(['x64', 'arm64', 'riscv64', 'ia32'].map(hasFilter), [true, true, false, false]);
  // The name that the kernel's audit has for the processor stands in the second instruction.
  assert.equal(buildSystemCallFilter('arm64').readUInt32LE(12), 0xc00000b7);
});
