import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readVersionAsked } from '../../../src/dialects/sharpfaas/build-run-request.js';
import { Parameters } from '../../../src/dialects/sharpfaas/read-parameters.js';

test('names are found in any letter case, the first of several values counts, and the form comes after the query', () => {
  const form = new Map([
    ['lane', 'form'],
    ['type', 'exe'],
  ]);
  const parameters = new Parameters('/x?LANE=a&lane=b&x=1', form);
  assert.equal(parameters.given('Lane'), 'a');
  assert.equal(parameters.given('TYPE'), 'exe');
  assert.equal(parameters.given('absent'), undefined);
});

test('a flag is true or false in any letter case with blanks around it', () => {
  const parameters = new Parameters('/x?a=TRUE&b=%20False%20&c=true');
  assert.equal(parameters.flag('a', false), true);
  assert.equal(parameters.flag('b', true), false);
  assert.equal(parameters.flag('C', false), true);
  assert.equal(parameters.flag('absent', true), true);
  assert.equal(parameters.problems.any, false);
});

test('a guid is read in every form of .NET', () => {
  const id = '6f9619ff-8b86-d011-b42d-00cf4fc964ff';
  const forms = [
    '6F9619FF-8B86-D011-B42D-00CF4FC964FF',
    '6f9619ff8b86d011b42d00cf4fc964ff',
    '{6F9619FF-8B86-D011-B42D-00CF4FC964FF}',
    '(6f9619ff-8b86-d011-b42d-00cf4fc964ff)',
    '{0x6f9619ff,0x8b86,0xd011,{0xb4,0x2d,0x00,0xcf,0x4f,0xc9,0x64,0xff}}',
  ];
  for (const form of forms) {
    const parameters = new Parameters(`/x?instanceId=${encodeURIComponent(form)}`);
    assert.equal(parameters.guid('instanceid'), id, form);
  }
});

test('problems are told in the words and the order of ASP.NET', () => {
  const parameters = new Parameters('/x?flag=1&flag=yes&none=&id=%7B6f9619ff%7D&lane=%20');
  parameters.required('functionName');
  parameters.flag('flag', false);
  parameters.flag('none', false);
  parameters.guid('id');
  parameters.withDefault('lane', 'latest');
  assert.equal(
    JSON.stringify(parameters.problems.toErrors()),
    `{"id":["The value '{6f9619ff}' is not valid."],"flag":["The value '1,yes' is not valid."],"lane":["The lane field is required."],` +
      `"none":["The value '' is invalid."],"functionName":["The functionName field is required."]}`,
  );
});

test('a function gets the query as received, without what looks like a key', () => {
  const parameters = new Parameters('/x?a=1&B=2&b=3&plus=a+b%2B&__proto__=x&token=lw_12345678_123456789012345678901234&empty');
  assert.deepEqual(Object.entries(parameters.forFunction()), [
    ['a', '1'],
    ['B', '2,3'],
    ['plus', 'a b+'],
    ['__proto__', 'x'],
    ['empty', ''],
  ]);
});

test('versions are read as SharpFaas reads them', () => {
  const table = {
    '': '',
    latest: 'latest',
    '0': '0',
    '0.4': '0',
    '1': '1',
    '1.0': '1',
    '01.02': '1.2',
    ' 2.7 ': '2.7',
    '1.10': '1.10',
  };
  for (const [asked, version] of Object.entries(table)) assert.equal(readVersionAsked(asked), version, asked);
});

test('what is no version is refused', () => {
  for (const asked of ['1.x', 'x', '-1', '1.2.3', '1.', '.5', '1,2', 'Latest', '1.2 3', '１', '1234567890', '1.2\0']) {
    assert.throws(() => readVersionAsked(asked), { code: 'version_invalid' }, asked);
  }
});
