// Before the tests: installs the servers they start themselves (test/servers/debian-packages.ts) when root on Debian,
// else says which suites will skip themselves. Needs the compiled tests; costs milliseconds when all is there.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { neededServers } from '../dist/test/servers/debian-packages.js';
import { findBinary } from '../dist/test/servers/find-binary.js';

// With --bench also what the benchmark drives.
const needed = neededServers.filter(({ forBenchmark }) => forBenchmark !== true || process.argv.includes('--bench'));
const policyFile = '/usr/sbin/policy-rc.d';
const missing = findMissing();
if (missing.length > 0) {
  if (canInstall()) installMissing([...new Set(missing.map((server) => server.package))]);
  else console.log('test servers: not root on Debian, so nothing is installed');
  reportSkipped(findMissing());
}

function findMissing() {
  return needed.filter((server) => findBinary(server.binary) === null);
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && findBinary('apt-get') !== null;
}

function installMissing(packages) {
  console.log(`test servers: installing ${packages.join(', ')} from Debian's packages`);
  const restorePolicy = forbidStarts();
  try {
    // The lists of a fresh image are empty, those of an old one outdated: only then are they fetched.
    if (!aptGet('install', '--no-install-recommends', ...packages)) {
      console.log('test servers: fetching the package lists first');
      aptGet('update');
      aptGet('install', '--no-install-recommends', ...packages);
    }
  } finally {
    restorePolicy();
  }
  const arrived = packages.filter((name) => !findMissing().some((server) => server.package === name));
  if (arrived.length > 0) console.log(`test servers: installed ${arrived.join(', ')}; no service was started`);
}

function aptGet(command, ...rest) {
  const args = ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=300', command, ...rest];
  const ran = spawnSync('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' });
  if (ran.status !== 0) console.log(`test servers: apt-get ${command} failed: ${(ran.stderr ?? '').trim().split('\n').at(-1)}`);
  return ran.status === 0;
}

/** Debian starts servers as it installs them, unless this file says no (101). Returns how to put back what was there. */
function forbidStarts() {
  if (spawnSync(policyFile, ['redis-server', 'start']).status === 101) return () => {};
  const before = existsSync(policyFile) ? { text: readFileSync(policyFile), mode: statSync(policyFile).mode } : null;
  writePolicy('#!/bin/sh\nexit 101\n', 0o755);
  return () => {
    if (before === null) rmSync(policyFile);
    else writePolicy(before.text, before.mode);
  };
}

function writePolicy(text, mode) {
  writeFileSync(policyFile, text);
  chmodSync(policyFile, mode);
}

function reportSkipped(servers) {
  for (const { binary, package: name, suites } of servers) {
    const tests =
      suites.length > 0
        ? `tests in ${suites.map((suite) => `test/${suite}/`).join(', ')} that need it will be SKIPPED`
        : 'no benchmark';
    console.error(`test servers: NO ${binary} (apt-get install ${name}): ${tests}`);
  }
  if (servers.length > 0 && process.env.CI === 'true') console.error('test servers: with CI=true a skipped test is a failure');
}
