/** A server that tests start themselves, and where it comes from. */
export interface NeededServer {
  /** The file that must be there. */
  binary: string;
  /** The Debian package that brings it. */
  package: string;
  /** Folders of test/ with tests that skip themselves without it. */
  suites: readonly string[];
  /** Driven by the benchmark alone. */
  forBenchmark?: true;
}

/** Everything the tests and the benchmark need beyond npm; scripts/install-test-servers.js installs what is missing. */
export const neededServers: readonly NeededServer[] = [
  { binary: 'redis-server', package: 'redis-server', suites: ['queue', 'bus', 'redis', 'cli', 'app', 'chaos'] },
  { binary: 'postgres', package: 'postgresql', suites: ['records', 'store', 'cli', 'app', 'chaos'] },
  { binary: 'vsftpd', package: 'vsftpd', suites: ['store', 'cli', 'app', 'chaos'] },
  { binary: 'openssl', package: 'openssl', suites: ['store'] },
  { binary: 'bwrap', package: 'bubblewrap', suites: ['runtime', 'app', 'cli'] },
  { binary: 'slirp4netns', package: 'slirp4netns', suites: ['runtime'] },
  { binary: 'ip', package: 'iproute2', suites: ['runtime'] },
  { binary: 'wrk', package: 'wrk', suites: [], forBenchmark: true },
];
