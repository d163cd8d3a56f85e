import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalUrl } from '../../../src/dialects/sharpfaas/canonical-url.js';

test('an action has one spelling, in any letter case, with or without its folder and a slash at the end', () => {
  const spellings = [
    '/api/function/runfunction',
    '/api/Function/RunFunction',
    '/API/FUNCTION/RUNFUNCTION/',
    '/api/runfunction',
    '/Api/RunFunction/',
  ];
  for (const url of spellings) assert.equal(canonicalUrl(url), '/api/function/runfunction', url);
});

test('every action is known', () => {
  for (const name of [
    'PushFunction',
    'RunFunction',
    'CheckFunction',
    'GetActiveFunctions',
    'CancelFunction',
    'GetServerStatus',
  ]) {
    assert.equal(canonicalUrl(`/api/${name}`), `/api/function/${name.toLowerCase()}`);
  }
});

test('the query is left as it came', () => {
  assert.equal(canonicalUrl('/api/RunFunction/?Lane=Dev&x=/a/'), '/api/function/runfunction?Lane=Dev&x=/a/');
  assert.equal(canonicalUrl('/Functions?id=AbC'), '/functions?id=AbC');
});

test('the hub and its negotiation have one spelling', () => {
  for (const url of ['/functions', '/Functions', '/FUNCTIONS/']) assert.equal(canonicalUrl(url), '/functions');
  for (const url of ['/functions/negotiate', '/Functions/Negotiate/']) assert.equal(canonicalUrl(url), '/functions/negotiate');
});

test('every other url is returned as it is', () => {
  const others = [
    '',
    '/',
    '*',
    '/api',
    '/api/',
    '/API/V1/functions',
    '/api/v1/functions/RunFunction',
    '/api/v1/runs?state=Running',
    '/api/function/unknown',
    '/api/function/runfunction/more',
    '/api/function//runfunction',
    '/api//runfunction',
    '/api/x/runfunction',
    '/function/RunFunction',
    '/function/functions',
    '/functionsx',
    '/functions/other',
    '/functions/negotiate/x',
    '/health',
    '/Function/Hello?x=1',
  ];
  for (const url of others) assert.equal(canonicalUrl(url), url);
});
