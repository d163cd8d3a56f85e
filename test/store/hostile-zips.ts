import { deflateRawSync } from 'node:zlib';
import type { ErrorCode } from '../../src/errors.js';
import { limits } from './open-test-store.js';
import { numbers, rawZip, type RawEntry } from './raw-zip.js';

const index: RawEntry = { name: 'index.mjs', data: 'export default () => 1;' };
const mib = 2 ** 20;

/** Archives that must be refused, each with the code it must be refused with. */
export function* hostileZips(): Iterable<[title: string, code: ErrorCode, zip: Buffer]> {
  yield* notZips();
  yield* badNames();
  yield* badKinds();
  yield* collisions();
  yield* lies();
  yield* bombs();
}

function named(...names: (string | Buffer)[]): Buffer {
  return rawZip([index, ...names.map((name) => ({ name, data: 'x' }))]);
}

function* notZips(): Iterable<[string, ErrorCode, Buffer]> {
  const good = rawZip([index]);
  yield ['nothing at all', 'zip_empty', Buffer.alloc(0)];
  yield ['a zip without entries', 'zip_empty', rawZip([])];
  yield ['a zip of folders only', 'zip_empty', rawZip([{ name: 'a/', method: 0, mode: 0o040755 }])];
  yield ['text', 'zip_invalid', Buffer.from('this is not a zip')];
  yield ['random bytes', 'zip_invalid', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251))];
  yield ['a zip cut at its end', 'zip_invalid', good.subarray(0, good.length - 10)];
  yield ['a zip cut in front', 'zip_invalid', good.subarray(20)];
  yield ['bytes behind the end', 'zip_invalid', Buffer.concat([good, Buffer.from('more')])];
  yield ['one of several disks', 'zip_invalid', rawZip([index], { disk: 3 })];
  yield ['a directory that ends before its end', 'zip_invalid', rawZip([index], { count: 5 })];
  yield ['a zip64 record that promises more entries', 'zip_invalid', rawZip([index], { zip64Count: 7 })];
  yield ['an unknown way of packing', 'zip_invalid', rawZip([{ ...index, method: 14, packed: Buffer.from('x') }])];
  yield ['bytes that can not be inflated', 'zip_invalid', rawZip([{ ...index, packed: Buffer.from('ffffffff', 'hex') }])];
  const broken = { packed: Buffer.from('ffffffff', 'hex'), size: 5 };
  const many = Array.from({ length: 300 }, (_, at) => ({ name: `f${at}`, ...broken }));
  yield ['many entries that can not be inflated', 'zip_invalid', rawZip(many)];
  yield ['extra fields longer than they are', 'zip_invalid', rawZip([{ ...index, extra: numbers([1, 2], [500, 2]) }])];
  yield ['a file beyond the end', 'zip_invalid', rawZip([{ ...index, packedSize: 5000 }])];
  yield ['a local name unlike the directory', 'zip_invalid', rawZip([{ ...index, localName: 'other.mjs' }])];
}

function* badNames(): Iterable<[string, ErrorCode, Buffer]> {
  yield ['a way out', 'zip_path_escape', named('../evil')];
  yield ['a way out in the middle', 'zip_path_escape', named('a/../../evil')];
  yield ['a way out by backslashes', 'zip_path_escape', named('a\\..\\..\\evil')];
  yield ['only dots', 'zip_path_escape', named('..')];
  yield ['an absolute path', 'zip_path_absolute', named('/etc/passwd')];
  yield ['a network path', 'zip_path_absolute', named('\\\\host\\share')];
  yield ['a drive', 'zip_path_absolute', named('C:/windows/x')];
  yield ['a drive without a slash', 'zip_path_absolute', named('c:x')];
  yield ['a backslash', 'zip_path_invalid', named('a\\b')];
  yield ['a NUL', 'zip_path_invalid', named('a\0b')];
  yield ['a line end', 'zip_path_invalid', named('a\nb')];
  yield ['a control character in the old code page', 'zip_path_invalid', named(Buffer.from('a\x07b', 'latin1'))];
  yield ['broken UTF-8', 'zip_path_invalid', rawZip([index, { name: Buffer.from([0x61, 0xff]), flags: 0x800 }])];
  yield ['an empty name', 'zip_path_invalid', named('')];
  yield ['a dot', 'zip_path_invalid', named('.')];
  yield ['a dot in front', 'zip_path_invalid', named('./x')];
  yield ['two slashes', 'zip_path_invalid', named('a//b')];
  yield ['a dot at the end', 'zip_path_invalid', named('a./b')];
  yield ['a blank at the end', 'zip_path_invalid', named('a ')];
  yield ['a part too long', 'zip_path_invalid', named('x'.repeat(256))];
  yield ['a path too long', 'zip_path_invalid', named(Array.from({ length: 20 }, () => 'x'.repeat(60)).join('/'))];
  yield ['folders too deep', 'zip_path_invalid', named(Array.from({ length: 70 }, () => 'x').join('/'))];
  const unicodePath = Buffer.from('../evil');
  const extra = Buffer.concat([numbers([0x7075, 2], [5 + unicodePath.length, 2], [1, 1], [crcOf('safe'), 4]), unicodePath]);
  yield ['a way out in the Unicode extra field', 'zip_path_escape', rawZip([index, { name: 'safe', extra }])];
}

function* badKinds(): Iterable<[string, ErrorCode, Buffer]> {
  yield ['a symbolic link', 'zip_symlink', rawZip([index, { name: 'link', data: '/etc/passwd', mode: 0o120777 }])];
  yield ['a device', 'zip_device', rawZip([index, { name: 'sda', mode: 0o060660 }])];
  yield ['a character device', 'zip_device', rawZip([index, { name: 'zero', mode: 0o020666 }])];
  yield ['a pipe', 'zip_device', rawZip([index, { name: 'pipe', mode: 0o010644 }])];
  yield ['a socket', 'zip_device', rawZip([index, { name: 'socket', mode: 0o140644 }])];
  yield ['a folder named like a file', 'zip_invalid', rawZip([index, { name: 'folder', mode: 0o040755 }])];
  yield ['a folder with content', 'zip_invalid', rawZip([index, { name: 'folder/', data: 'x' }])];
  yield ['an encrypted entry', 'zip_encrypted', rawZip([{ ...index, flags: 0x801 }])];
  yield ['a strongly encrypted entry', 'zip_encrypted', rawZip([{ ...index, flags: 0x841 }])];
}

function* collisions(): Iterable<[string, ErrorCode, Buffer]> {
  yield ['a name twice', 'zip_duplicate', named('a', 'a')];
  yield ['a folder twice', 'zip_duplicate', rawZip([index, folder('a/'), folder('a/')])];
  yield ['two letter cases', 'zip_case_collision', named('Readme', 'README')];
  yield ['two letter cases of a folder', 'zip_case_collision', named('Lib/a', 'lib/b')];
  yield ['two Unicode forms', 'zip_case_collision', named('caf\u00e9', 'cafe\u0301')];
  yield ['two Unicode letter cases', 'zip_case_collision', named('stra\u00dfe', 'STRASSE')];
  yield ['a file that is a folder too', 'zip_path_invalid', named('a', 'a/b')];
  yield ['a folder that is a file too', 'zip_path_invalid', named('a/b', 'a')];
  yield ['an empty folder that is a file too', 'zip_duplicate', rawZip([index, folder('a/'), { name: 'a', data: 'x' }])];
}

function* lies(): Iterable<[string, ErrorCode, Buffer]> {
  const data = 'x'.repeat(10_000);
  yield ['more bytes than it says', 'zip_size_lie', rawZip([index, { name: 'a', data, size: 10 }])];
  yield ['fewer bytes than it says', 'zip_size_lie', rawZip([index, { name: 'a', data, size: 10_001 }])];
  yield ['another checksum', 'zip_size_lie', rawZip([index, { name: 'a', data, crc: 1 }])];
  yield ['a stored entry of another size', 'zip_size_lie', rawZip([index, { name: 'a', data, method: 0, size: 5 }])];
  yield ['a packed entry that is cut', 'zip_size_lie', rawZip([index, { name: 'a', data, packedSize: 5 }])];
  yield ['a bomb that says it is small', 'zip_size_lie', rawZip([index, { name: 'a', packed: zeros(50), size: 100 }])];
  yield ['a zip64 size that lies', 'zip_ratio', rawZip([index, zip64Sized('a', 2 ** 40)])];
  yield ['a small zip64 size that lies', 'zip_size_lie', rawZip([index, zip64Sized('a', 500)])];
  yield ['entries that share their bytes', 'zip_invalid', nested()];
}

function* bombs(): Iterable<[string, ErrorCode, Buffer]> {
  yield ['a bomb', 'zip_ratio', rawZip([index, { name: 'a', packed: zeros(50), size: 50 * mib }])];
  const noise = Buffer.from(Array.from({ length: 8192 }, (_, at) => (at * 31 + (at >> 3) * 17) & 0xff));
  const dense = deflateRawSync(Buffer.concat(Array.from({ length: 40 * 128 }, () => noise)), { level: 1 });
  const large = { packed: dense, size: 40 * mib };
  const many = rawZip([index, { name: 'a', ...large }, { name: 'b', ...large }]);
  yield ['files too large together', 'zip_unpacked_too_large', many];
  const names = Array.from({ length: limits.maxEntries + 1 }, (_, at) => ({ name: `f${at}`, method: 0 }));
  yield ['too many entries', 'zip_too_many_entries', rawZip(names)];
  const hundredThousand = Array.from({ length: 100_000 }, (_, at) => ({ name: `f${at}`, method: 0 }));
  yield ['a hundred thousand entries', 'zip_too_many_entries', rawZip(hundredThousand, { zip64Count: 100_000 })];
  const deep = Array.from({ length: 2000 }, (_, at) => ({ name: `${at}/${'d/'.repeat(50)}f`, method: 0 }));
  yield ['too many implied folders', 'zip_too_many_entries', rawZip(deep)];
  const long = Array.from({ length: 19_000 }, (_, at) => ({ name: `${at}${'n'.repeat(200)}/../x`, method: 0 }));
  yield ['long names with a way out', 'zip_path_escape', rawZip(long)];
  yield ['a zip over the limit', 'zip_too_large', Buffer.alloc(limits.maxUpload + 1)];
}

function folder(name: string): RawEntry {
  return { name, method: 0, mode: 0o040755 };
}

/** So many mebibytes of zeros, packed. */
function zeros(mebibytes: number): Buffer {
  return deflateRawSync(Buffer.alloc(mebibytes * mib));
}

function zip64Sized(name: string, size: number): RawEntry {
  return { name, data: 'x', size: 0xffffffff, extra: numbers([1, 2], [8, 2], [size, 8]) };
}

/** The second entry lies, whole and in order, within the bytes of the first. */
function nested(): Buffer {
  const inner: RawEntry = { name: 'b', data: 'y'.repeat(1000), method: 0 };
  const innerBytes = rawZip([inner]).subarray(0, 30 + 1 + 1000);
  const outer: RawEntry = { name: 'index.mjs', data: innerBytes, method: 0 };
  return rawZip([outer, { ...inner, offset: 30 + 'index.mjs'.length }]);
}

function crcOf(text: string): number {
  return rawZip([{ name: 'x', data: text }]).readUInt32LE(14);
}
