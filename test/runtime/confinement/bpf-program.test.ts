import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfProgram } from '../../../src/runtime/confinement/bpf-program.js';

test('a program is written as the kernel reads it', () => {
  const program = new BpfProgram().load(4).jumpIfEqual(0xc000003e, 'fine').give(0x80000000).label('fine').give(0x7fff0000);
  assert.equal(
    program.assemble().toString('hex'),
    ['2000000004000000', '150001003e0000c0', '0600000000000080', '060000000000ff7f'].join(''),
  );
});

test('a jump that the kernel could not follow is no program', () => {
  assert.throws(() => new BpfProgram().jumpIfEqual(1, 'nowhere').assemble(), /nowhere/);
  assert.throws(() => new BpfProgram().label('back').give(0).jumpIfAtLeast(1, 'back').assemble(), /back/);
  const far = new BpfProgram().jumpIfAnySet(1, 'far');
  for (let count = 0; count < 256; count += 1) far.give(0);
  assert.throws(() => far.label('far').give(1).assemble(), /far/);
  assert.throws(() => new BpfProgram().label('twice').label('twice'), /twice/);
});
