import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFunctionCall } from '../../../src/dialects/sharpfaas/hub/function-call.js';
import { MessageSplitter, readHandshake, readMessage, say } from '../../../src/dialects/sharpfaas/hub/hub-protocol.js';
import { pino } from 'pino';
import { plainSeal } from './server.js';
import { LocalBus } from '../../../src/bus/local-bus.js';
import { NegotiatedTokens } from '../../../src/dialects/sharpfaas/hub/negotiated-tokens.js';

const end = '\x1e';

test('several messages in a frame and one over several frames are told apart', () => {
  const splitter = new MessageSplitter(100);
  const split = (text: string | Buffer) => [...splitter.messagesIn(Buffer.from(text))];
  assert.deepEqual(split(`a${end}b${end}`), ['a', 'b']);
  assert.deepEqual(split('c'), []);
  assert.deepEqual(split(`d${end}${end}e`), ['cd', '']);
  const letter = Buffer.from('é');
  assert.deepEqual(split(letter.subarray(0, 1)), []);
  assert.deepEqual(split(Buffer.concat([letter.subarray(1), Buffer.from(end)])), ['eé']);
});

test('a message over the limit is refused before it is whole, and the limit can be changed between two messages', () => {
  const splitter = new MessageSplitter(4);
  assert.deepEqual([...splitter.messagesIn(Buffer.from(`1234${end}123`))], ['1234']);
  assert.throws(() => [...splitter.messagesIn(Buffer.from('45'))], /larger than the limit of 4 bytes/);
  const growing = new MessageSplitter(2);
  const texts: string[] = [];
  for (const text of growing.messagesIn(Buffer.from(`a${end}long enough${end}`))) {
    texts.push(text);
    growing.allow(20);
  }
  assert.deepEqual(texts, ['a', 'long enough']);
});

test('only the JSON protocol in version 1 is shaken hands on', () => {
  readHandshake('{"protocol":"json","version":1}');
  assert.throws(
    () => readHandshake('{"protocol":"messagepack","version":1}'),
    /^HubProtocolError: The protocol 'messagepack' is not supported\.$/,
  );
  assert.throws(() => readHandshake('{"protocol":"json","version":2}'), /does not support version 2 of the 'json' protocol/);
  for (const text of ['', 'GET / HTTP/1.1', '[]', 'null', '{"protocol":"json"}', '{"version":1}']) {
    assert.throws(() => readHandshake(text), { name: 'HubProtocolError' }, text);
  }
});

test('messages are read by their type', () => {
  const text = '{"type":4,"invocationId":"0","target":"F","arguments":[1]}';
  assert.deepEqual(readMessage(text), {
    kind: 'call',
    streaming: true,
    invocationId: '0',
    target: 'F',
    args: [1],
    uploads: 0,
    text,
  });
  const send = readMessage('{"type":1,"target":"F","arguments":[],"streamIds":["1"]}');
  assert.deepEqual(send.kind === 'call' && [send.streaming, send.invocationId, send.uploads], [false, null, 1]);
  assert.deepEqual(readMessage('{"type":5,"invocationId":"7"}'), { kind: 'cancel', invocationId: '7' });
  assert.deepEqual(readMessage('{"type":7}'), { kind: 'close' });
  for (const type of [2, 3, 6, 8, 9, 99]) assert.deepEqual(readMessage(`{"type":${type}}`), { kind: 'other' });
});

test('what is no message is refused', () => {
  const wrong = [
    '',
    'x',
    '[]',
    '"6"',
    '{}',
    '{"type":"6"}',
    '{"type":1.5}',
    '{"type":4,"target":"F","arguments":[]}',
    '{"type":4,"invocationId":1,"target":"F","arguments":[]}',
    '{"type":4,"invocationId":"","target":"F","arguments":[]}',
    `{"type":4,"invocationId":"${'1'.repeat(257)}","target":"F","arguments":[]}`,
    '{"type":1,"arguments":[]}',
    '{"type":1,"target":"F"}',
    '{"type":1,"target":"F","arguments":{}}',
    '{"type":1,"target":"F","arguments":[],"streamIds":1}',
    '{"type":5}',
  ];
  for (const text of wrong) assert.throws(() => readMessage(text), { name: 'HubProtocolError' }, text);
});

test('what the server says is one text each, ended by the separator', () => {
  assert.equal(say.handshakeDone, `{}${end}`);
  assert.equal(say.handshakeFailed('no'), `{"error":"no"}${end}`);
  assert.equal(say.item('0', 'a\n\x1e'), `{"type":2,"invocationId":"0","item":"a\\n\\u001e"}${end}`);
  assert.equal(say.completion('0'), `{"type":3,"invocationId":"0"}${end}`);
  assert.equal(say.completion('0', 'bad'), `{"type":3,"invocationId":"0","error":"bad"}${end}`);
  assert.equal(say.ping, `{"type":6}${end}`);
  assert.equal(say.close(), `{"type":7}${end}`);
});

const call = (...args: unknown[]) => readFunctionCall(args, JSON.stringify({ type: 4, arguments: args }));

test('a call has four to six arguments', () => {
  const four = { function: 'f', lane: 'dev', version: '1.1', payload: '{}', encrypted: false, type: null };
  assert.deepEqual(call('f', 'dev', '1.1', '{}'), four);
  assert.deepEqual(call('f', 'dev', '1.1', '{}', true, 'exe'), { ...four, encrypted: true, type: 'exe' });
  assert.deepEqual(call('f', 'dev', null, null, null, null), { ...four, version: '', payload: null });
  assert.throws(() => call('f', 'dev', '1.1'), /takes 4 to 6 arguments, not 3/);
  assert.throws(() => call('f', 'dev', '1.1', '{}', true, 'exe', 7), /not 7/);
});

test('arguments of a wrong type are named', () => {
  assert.throws(() => call(1, 'dev', '', ''), /functionName must be a string/);
  assert.throws(() => call('f', null, '', ''), /lane must be a string/);
  assert.throws(() => call('f', 'dev', true, ''), /version must be a string, a number or null/);
  assert.throws(() => call('f', 'dev', '', { a: 1 }), /payload must be a string of JSON, or null/);
  assert.throws(() => call('f', 'dev', '', '', 'true'), /payLoadEncrypted must be true or false/);
  assert.throws(() => call('f', 'dev', '', '', false, 'DLL'), /Incorrect function type passed in/);
});

test('a version sent as a number keeps its digits', () => {
  const version = (text: string) => readFunctionCall((JSON.parse(text) as { arguments: unknown[] }).arguments, text).version;
  assert.equal(version('{"arguments":["f","l",1.10,"x"]}'), '1.10');
  assert.equal(version('{"arguments" : [ "a,b" , "]\\"[" , 2 , "x" ] , "type":4}'), '2');
  assert.equal(version('{"arguments":["f","l",1.20,"x"],"headers":{"arguments":[[9],[9],[9]]}}'), '1.20');
  assert.equal(version('{"headers":{"a":["x",1,2.50]},"target":"arguments","arguments":["f","l",3.30,"x"]}'), '3.30');
});

const tokensOn = (bus: LocalBus, lifeMs = 60_000) => new NegotiatedTokens({ seal: plainSeal, bus, lifeMs, maxTokens: 2 });
const newBus = () => new LocalBus(pino({ level: 'silent' }));

test('a token is good once, for a time, and there are only so many', async () => {
  const tokens = tokensOn(newBus());
  const [first, second, third] = ['a', 'b', null].map((keyId) => tokens.make({ keyId })) as [string, string, string];
  assert.equal(await tokens.take(first), null);
  assert.deepEqual(await tokens.take(second), { keyId: 'b' });
  assert.equal(await tokens.take(second), null);
  assert.deepEqual(await tokens.take(third), { keyId: null });
  assert.equal(await tokens.take('other'), null);
  const old = tokensOn(newBus(), 0);
  assert.equal(await old.take(old.make({ keyId: 'a' })), null);
});

test('a token is good once at any server of the bus, and nowhere when the one that made it is gone', async () => {
  const bus = newBus();
  const [one, other, third] = [tokensOn(bus), tokensOn(bus), tokensOn(bus)];
  const token = one.make({ keyId: 'a' });
  const taken = await Promise.all([other.take(token), third.take(token), other.take(token), one.take(token)]);
  assert.deepEqual(
    taken.filter((found) => found !== null),
    [{ keyId: 'a' }],
  );
  const last = one.make({ keyId: 'a' });
  one.close();
  assert.equal(await other.take(last), null);
});
